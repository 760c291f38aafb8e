import type { SciTokenError } from '@scitokens/core'
import { formatRetryAfter, given } from '@scitokens/core/internal'
import { type ChallengeOptions, challengeOf } from './challenge.ts'
import { httpRefusal } from './status.ts'

/** A request that is not served: send this answer, or throw `error` and let the app's handler do it. */
export interface Stopped {
  /** False: the request is not served. */
  readonly ok: false
  /** Status of the answer. */
  readonly status: number
  /** Fields of the answer: `WWW-Authenticate`, `Retry-After`, `Cache-Control`. */
  readonly headers: Readonly<Record<string, string>>
  /** Body of the answer in RFC 6750's words, to be sent as JSON. It is empty where no credentials came. */
  readonly body: { readonly error?: string; readonly error_description?: string }
  /** Why the request is not served. For the log: the answer says less. */
  readonly error: SciTokenError
}

/** What a server says of itself in each refusal. */
export type RefusalOptions = Omit<ChallengeOptions, 'missing'>

/** Seconds after which a client may try again, where nobody knows better. */
const RETRY_AFTER = 10

/**
 * Makes the answer for an error.
 *
 * @param missing - scopes any one of which would do, for the challenge.
 */
export function refusalOf(error: SciTokenError, missing: readonly string[], options: RefusalOptions): Stopped {
  const refusal = httpRefusal(error)
  const { status, error: name, description } = refusal
  const authenticate = challengeOf(refusal, { ...options, missing })
  return {
    ok: false,
    status,
    headers: {
      'cache-control': 'no-store',
      ...given({ 'www-authenticate': authenticate }),
      ...(status === 503 && { 'retry-after': formatRetryAfter(error.retryAfterSeconds ?? RETRY_AFTER) }),
    },
    body: { ...(name && { error: name }), ...given({ error_description: description }) },
    error,
  }
}
