import type { Clock } from '@scitokens/core'
import { formatRetryAfter, WindowCounter } from '@scitokens/core/internal'
import { OAuthError } from '../http/oauth-error.ts'

const WINDOW_SECONDS = 60
/** Most people that are counted at a time. */
const REMEMBERED = 50_000

/** Bounds how many tokens are issued for one person in a minute, through whatever clients and from wherever. */
export class UserLimit {
  /** Tokens per minute. */
  max: number
  readonly #issued: WindowCounter

  constructor(max: number, clock: Clock) {
    this.max = max
    this.#issued = new WindowCounter({ window: WINDOW_SECONDS, maxKeys: REMEMBERED, clock })
  }

  /** Counts one token. Throws `temporarily_unavailable`, status 429 with `Retry-After`, where it would be one too many. */
  take(subject: string): void {
    const { count, left } = this.#issued.add(subject)
    if (count <= this.max) return
    throw new OAuthError('temporarily_unavailable', 'too many tokens for this person, slow down', {
      status: 429,
      headers: { 'retry-after': formatRetryAfter(left) },
    })
  }
}
