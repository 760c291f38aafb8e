import type { Clock } from '@scitokens/core'
import { WindowCounter } from '@scitokens/core/internal'

const MAX_KEYS = 10_000

/** Counts failures per key within a window: guessing a short code must not pay (RFC 8628 section 5.1). */
export class Attempts {
  readonly #failures: WindowCounter
  readonly #limit: number

  constructor(limit: number, windowSeconds: number, clock: Clock) {
    this.#limit = limit
    this.#failures = new WindowCounter({ window: windowSeconds, maxKeys: MAX_KEYS, clock })
  }

  allowed(key: string): boolean {
    return this.#failures.of(key).count < this.#limit
  }

  failed(key: string): void {
    this.#failures.add(key)
  }
}
