import {
  ConfigError,
  InvalidRequestError,
  NotAllowedError,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
} from '@scitokens/core'
import { given, quote, readRetryAfter } from '@scitokens/core/internal'
import { ResponseBodyError, WWWAuthenticateChallengeError } from 'oauth4webapi'

/**
 * Turns an issuer's refusal into our families: the login is over (`login_required`), the issuer does not grant this
 * (`scope_denied`), our client is wrong (`config_error`), or the issuer is away (`issuer_unavailable`).
 *
 * RFC 6749 section 5.2, RFC 8628 section 3.5, RFC 8707 section 2.
 *
 * @param secrets - what was sent. Some issuers repeat a refresh token in their answer, and it looks like nothing in particular.
 */
export function fromOAuthFailure(issuer: string, error: unknown, secrets: readonly string[] = []): SciTokenError {
  if (error instanceof SciTokenError) return error
  if (error instanceof ResponseBodyError) {
    const { error: code, error_description: detail } = error
    return fromErrorCode(issuer, {
      error: without(secrets, code),
      ...(detail === undefined ? {} : { error_description: without(secrets, detail) }),
    })
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return new ConfigError('config_error', `the issuer ${quote(issuer)} does not accept this client's credentials`, {
      issuer,
    })
  }
  const why = without(secrets, error instanceof Error ? error.message : 'unknown failure')
  return new UndecidedError('issuer_unavailable', `the answer of the issuer ${quote(issuer)} makes no sense: ${why}`, {
    issuer,
    // Not the error itself: its own cause holds the whole answer, tokens and all, for whoever prints it.
    cause: new Error(why),
  })
}

function without(secrets: readonly string[], text: string): string {
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '[redacted]')), text)
}

/** What the error code of an answer means. */
export function fromErrorCode(
  issuer: string,
  { error, error_description: detail }: Pick<ResponseBodyError, 'error' | 'error_description'>,
): SciTokenError {
  const said = detail === undefined ? error : `${error}: ${detail}`
  const words = `the issuer ${quote(issuer)} answers ${quote(said)}`
  switch (error) {
    case 'invalid_grant':
    case 'expired_token':
      return loginRequired(issuer, words)
    case 'invalid_scope':
    case 'invalid_target':
    case 'access_denied':
    case 'unauthorized_client':
      return new NotAllowedError('scope_denied', words, { issuer })
    case 'invalid_client':
    case 'unsupported_grant_type':
      return new ConfigError('config_error', words, { issuer })
    case 'temporarily_unavailable':
    case 'server_error':
    case 'slow_down':
    case 'authorization_pending':
      return new UndecidedError('issuer_unavailable', words, { issuer })
    default:
      return new InvalidRequestError('invalid_request', words, { issuer })
  }
}

/** The login is over, or there never was one: a person has to log in. */
export function loginRequired(issuer: string, words: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('login_required', `${words}; log in again`, { reason: 'revoked', issuer })
}

/** What a busy or broken server says by its status alone. RFC 9110 sections 10.2.3 and 15.6, RFC 6585 section 4. */
export function checkServerStatus(issuer: string, response: Response, now: number): void {
  if (response.status !== 429 && response.status < 500) return
  const retryAfterSeconds = readRetryAfter(response.headers.get('retry-after'), now)
  throw new UndecidedError('issuer_unavailable', `the issuer ${quote(issuer)} answers with status ${response.status}`, {
    issuer,
    ...given({ retryAfterSeconds }),
  })
}
