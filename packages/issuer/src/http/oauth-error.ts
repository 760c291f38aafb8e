import { SciTokenError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'

/** Error codes of the endpoints: RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628, RFC 8693, RFC 8707, RFC 7009, RFC 7591. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unsupported_token_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'login_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'server_error'
  | 'temporarily_unavailable'

/** What an {@link OAuthError} carries beyond its sentence. */
export interface OAuthErrorDetails {
  /** For the operator's log, never sent. */
  readonly detail?: string
  /** Status of the answer. Default: that of the code. */
  readonly status?: number
  /** Extra response headers, such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The error behind it, for the log. */
  readonly cause?: unknown
}

/** What the client cannot mend by another request: we could not decide, and nobody may take it for a refusal. */
const UNDECIDED: ReadonlySet<OAuthErrorCode> = new Set(['server_error', 'temporarily_unavailable'])

/**
 * An answer as the client sees it: an RFC code and a sentence that helps and leaks nothing. Its family is `invalid_request`, and
 * `undecided` for `server_error` and `temporarily_unavailable`.
 */
export class OAuthError extends SciTokenError {
  /** The code of the RFC, as it is answered. */
  readonly error: OAuthErrorCode
  /** Status of the answer. */
  readonly status: number
  /** For the log only. */
  readonly detail: string | undefined
  /** Extra response headers. */
  readonly headers: Readonly<Record<string, string>>

  constructor(error: OAuthErrorCode, description: string, details: OAuthErrorDetails = {}) {
    const family = UNDECIDED.has(error) ? 'undecided' : 'invalid_request'
    const retryAfter = Number(details.headers?.['retry-after'] ?? Number.NaN)
    super(family, family, description, {
      ...given({ cause: details.cause }),
      ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
    })
    this.error = error
    this.status = details.status ?? defaultStatus(error)
    this.detail = details.detail
    this.headers = details.headers ?? {}
  }

  /** The body of the reply. RFC 6749 section 5.2. */
  toBody(): { error: OAuthErrorCode; error_description: string } {
    return { error: this.error, error_description: printable(this.message) }
  }
}

function defaultStatus(error: OAuthErrorCode): number {
  switch (error) {
    case 'invalid_client':
    case 'invalid_token':
      return 401
    case 'insufficient_scope':
      return 403
    case 'server_error':
      return 500
    case 'temporarily_unavailable':
      return 503
    case 'invalid_request':
    case 'invalid_grant':
    case 'unauthorized_client':
    case 'unsupported_grant_type':
    case 'unsupported_response_type':
    case 'unsupported_token_type':
    case 'invalid_scope':
    case 'invalid_target':
    case 'access_denied':
    case 'authorization_pending':
    case 'slow_down':
    case 'expired_token':
    case 'invalid_redirect_uri':
    case 'invalid_client_metadata':
    case 'login_required':
    case 'consent_required':
    case 'request_not_supported':
    case 'request_uri_not_supported':
      return 400
  }
}

/** `error_description` may hold %x20-21 / %x23-5B / %x5D-7E only. RFC 6749 section 5.2. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '?')
}

/** The refusal of a client that could not be authenticated. RFC 6749 section 5.2. */
export function invalidClient(detail: string): OAuthError {
  return new OAuthError('invalid_client', 'client authentication failed', {
    detail,
    headers: { 'www-authenticate': 'Basic realm="token endpoint", charset="UTF-8"' },
  })
}
