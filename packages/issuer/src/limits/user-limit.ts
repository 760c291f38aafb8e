import type { Clock } from '@scitokens/core'
import { OAuthError } from '../http/oauth-error.ts'

const WINDOW_SECONDS = 60
/** Most people that are counted at a time. */
const REMEMBERED = 50_000

/** Bounds how many tokens are issued for one person in a minute, through whatever clients and from wherever. */
export class UserLimit {
  /** Tokens per minute. */
  max: number
  readonly #clock: Clock
  #window = 0
  #counts = new Map<string, number>()

  constructor(max: number, clock: Clock) {
    this.max = max
    this.#clock = clock
  }

  /** Counts one token. Throws `temporarily_unavailable`, status 429 with `Retry-After`, where it would be one too many. */
  take(subject: string): void {
    const now = this.#clock()
    const window = Math.floor(now / WINDOW_SECONDS)
    if (window !== this.#window) {
      this.#window = window
      this.#counts = new Map()
    }
    const count = (this.#counts.get(subject) ?? 0) + 1
    if (count > this.max) {
      const wait = Math.max(1, Math.ceil((window + 1) * WINDOW_SECONDS - now))
      throw new OAuthError('temporarily_unavailable', 'too many tokens for this person, slow down', {
        status: 429,
        headers: { 'retry-after': String(wait) },
      })
    }
    if (this.#counts.size < REMEMBERED || count > 1) this.#counts.set(subject, count)
  }
}
