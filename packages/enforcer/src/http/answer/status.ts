import type { ErrorCode, ErrorFamily, SciTokenError } from '@scitokens/core'

/** `error` of a refusal, as RFC 6750 section 3.1 and OAuth 2.0 name it. */
export type OAuthErrorName =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'temporarily_unavailable'
  | 'server_error'

/** What a refusal looks like in HTTP. */
export interface HttpRefusal {
  /** Status of the answer. */
  readonly status: 400 | 401 | 403 | 405 | 500 | 503
  /** Undefined where no credentials came: RFC 6750 section 3.1 wants no code then. */
  readonly error: OAuthErrorName | undefined
  /** A fixed sentence for the world; details go to the log. */
  readonly description: string | undefined
  /** Whether the answer carries a `WWW-Authenticate` challenge. */
  readonly challenge: boolean
}

const NOT_ACCEPTABLE: HttpRefusal = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is not acceptable',
  challenge: true,
}
const INVALID_REQUEST: HttpRefusal = {
  status: 400,
  error: 'invalid_request',
  description: 'The request is malformed',
  challenge: true,
}

/** The one table of all codes: who has to act decides the status. */
const BY_FAMILY: Readonly<Record<ErrorFamily, HttpRefusal>> = {
  not_acceptable: NOT_ACCEPTABLE,
  not_allowed: {
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token does not allow this',
    challenge: true,
  },
  invalid_request: INVALID_REQUEST,
  // Never 401: the bearer has done nothing wrong, and would throw a good token away.
  undecided: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The access token cannot be judged at the moment',
    challenge: false,
  },
  config: { status: 500, error: 'server_error', description: 'The server is misconfigured', challenge: false },
}

/** Codes that say more than their family, as far as the bearer may know it. */
const BY_CODE: Partial<Readonly<Record<ErrorCode, HttpRefusal>>> = {
  no_credentials: { status: 401, error: undefined, description: undefined, challenge: true },
  expired: { ...NOT_ACCEPTABLE, description: 'The access token has expired' },
  not_yet_valid: { ...NOT_ACCEPTABLE, description: 'The access token is not valid yet' },
  revoked: { ...NOT_ACCEPTABLE, description: 'The access token has been revoked' },
  aud_mismatch: { ...NOT_ACCEPTABLE, description: 'The access token is meant for another server' },
  untrusted_issuer: { ...NOT_ACCEPTABLE, description: 'The issuer of the access token is not trusted here' },
  proof_missing: { ...NOT_ACCEPTABLE, description: 'The access token is bound to a key, which is not accepted here' },
  malformed_token: { ...NOT_ACCEPTABLE, description: 'The access token is malformed' },
}

/** Status, OAuth error and public sentence for a refusal. A code's own row wins, as long as its family agrees. */
export function httpRefusal({ code, family }: Pick<SciTokenError, 'code' | 'family'>): HttpRefusal {
  const row = BY_CODE[code]
  return row && (family === 'not_acceptable' || code === 'no_credentials') ? row : BY_FAMILY[family]
}
