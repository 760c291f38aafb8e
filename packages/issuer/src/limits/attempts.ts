import type { Clock } from '@scitokens/core'

const MAX_KEYS = 10_000

/** Counts failures per key within a window: guessing a short code must not pay (RFC 8628 section 5.1). */
export class Attempts {
  readonly #failures = new Map<string, number[]>()
  readonly #limit: number
  readonly #windowSeconds: number
  readonly #clock: Clock

  constructor(limit: number, windowSeconds: number, clock: Clock) {
    this.#limit = limit
    this.#windowSeconds = windowSeconds
    this.#clock = clock
  }

  allowed(key: string): boolean {
    return this.#recent(key).length < this.#limit
  }

  failed(key: string): void {
    this.#failures.set(key, [...this.#recent(key), this.#clock()])
    if (this.#failures.size > MAX_KEYS) this.#failures.delete(this.#failures.keys().next().value!)
  }

  #recent(key: string): number[] {
    const since = this.#clock() - this.#windowSeconds
    return (this.#failures.get(key) ?? []).filter((time) => time > since)
  }
}
