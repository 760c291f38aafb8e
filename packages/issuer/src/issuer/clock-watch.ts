import type { Clock } from '@scitokens/core'

/** How far the clock may run ahead of the time that passes before it is not believed, in seconds. */
const BELIEVED_SECONDS = 3600
/** How long it is not believed then. Whoever keeps the time has mended it, or meant it. */
const DOUBT_SECONDS = 3600

/**
 * Sees when the clock leaps ahead of the time that passes, as it does when a machine wakes with a wrong date. What is done by the
 * clock and cannot be undone waits for a while then: logins and keys that only seem to be over would be gone for good.
 */
export class ClockWatch {
  readonly #clock: Clock
  readonly #steadyMs: () => number
  #seen: { readonly at: number; readonly steady: number }
  #doubtUntil = -Infinity
  /** What the clock may say at most to be right again. */
  #right = Infinity

  /** @param steadyMs - milliseconds that only ever go forward. Default: `performance.now`. */
  constructor(clock: Clock, steadyMs: () => number = () => performance.now()) {
    this.#clock = clock
    this.#steadyMs = steadyMs
    this.#seen = this.#look()
  }

  /** Whether the clock can be believed. To be asked regularly. */
  believes(): boolean {
    const before = this.#seen
    const now = (this.#seen = this.#look())
    const passed = now.steady - before.steady
    this.#right += passed
    if (now.at - before.at > passed + BELIEVED_SECONDS && now.steady >= this.#doubtUntil) {
      this.#doubtUntil = now.steady + DOUBT_SECONDS
      this.#right = before.at + passed + BELIEVED_SECONDS
    }
    if (now.at <= this.#right) this.#doubtUntil = -Infinity
    return now.steady >= this.#doubtUntil
  }

  #look(): { readonly at: number; readonly steady: number } {
    return { at: this.#clock(), steady: this.#steadyMs() / 1000 }
  }
}
