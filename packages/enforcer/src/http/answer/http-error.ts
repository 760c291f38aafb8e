import { SciTokenError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { Stopped } from './refusal.ts'

/**
 * A refusal in the shape that Express, Fastify and their users' error handlers read: `status`, `statusCode` and `headers`.
 * `message` is a fixed sentence fit for the world; what exactly was wrong is in `cause`, for the log.
 */
export class HttpRefusalError extends SciTokenError {
  /** Status of the answer, for Express's error handlers. */
  readonly status: number
  /** The same, for Fastify's error handlers. */
  readonly statusCode: number
  /** `WWW-Authenticate`, `Retry-After`, `Cache-Control`. */
  readonly headers: Readonly<Record<string, string>>
  /** RFC 6750's `error` and `error_description`, to be sent as JSON. */
  readonly body: Stopped['body']

  constructor({ error, status, headers, body }: Stopped) {
    super(error.family, error.code, body.error_description ?? 'This needs an access token', {
      ...given({
        reason: error.reason,
        claim: error.claim,
        issuer: error.issuer,
        retryAfterSeconds: error.retryAfterSeconds,
      }),
      cause: error,
    })
    this.status = status
    this.statusCode = status
    this.headers = headers
    this.body = body
  }
}
