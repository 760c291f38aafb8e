import { type JsonObject, parseScopes, SciTokenError, TokenNotAcceptableError, verifyToken } from '@scitokens/core'
import { coveredByAny } from '@scitokens/core/internal'
import { OAuthError, type Parameters } from '@scitokens/issuer/internal'
import { REFRESH_LIFETIME } from '../keys/demo-keys.ts'
import type { DemoParts } from '../demo-context.ts'
import { signFreely } from '../tokens/free-token.ts'
import { issueToken } from './issue-token.ts'

/** RFC 8628 section 3.4. */
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
export const REFRESH_TOKEN = 'refresh_token'
/** Constant: the demonstration keeps nothing, so everybody is the same device. */
export const DEMO_DEVICE_CODE = '00000000-0000-0000-0000-000000000000'

/** What a token will say. */
interface Grant {
  readonly scope: string
  readonly audience: string
  readonly subject: string
  /** When the refresh token that goes with it ends, in seconds since the epoch. */
  readonly refreshUntil: number
}

/** The answer of the token endpoint. RFC 6749 section 5.1. */
export async function answerGrant(parts: DemoParts, parameters: Parameters): Promise<JsonObject> {
  const { issuer, clock } = parts.settings
  const now = Math.floor(clock())
  const grant = await readGrant(parts, parameters, now)
  const { token, expiresAt } = await issueToken(parts, {
    payload: { scope: grant.scope, aud: grant.audience, sub: grant.subject },
    algorithm: 'ES256',
  })
  const refresh = {
    iss: issuer,
    // No service takes it: it is for the token endpoint alone.
    aud: `${issuer}/oauth2/token`,
    sub: grant.subject,
    scope: 'refresh',
    orig_scope: grant.scope,
    orig_aud: grant.audience,
    jti: crypto.randomUUID(),
    iat: now,
    exp: grant.refreshUntil,
  }
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresAt - now,
    scope: grant.scope,
    refresh_token: await signFreely(parts.keys.signer('ES256'), refresh),
  }
}

async function readGrant(parts: DemoParts, parameters: Parameters, now: number): Promise<Grant> {
  const type = parameters.one('grant_type')
  const asked = { scope: parameters.one('scope'), audience: parameters.one('audience') }
  switch (type) {
    case REFRESH_TOKEN:
      return readRefresh(parts, parameters.one('refresh_token'), asked)
    case DEVICE_CODE:
    case 'client_credentials': {
      const scope = asked.scope ?? 'read:/protected'
      scopesOf(scope)
      const subject = type === DEVICE_CODE ? parameters.one('device_code') : parameters.one('client_id')
      const audience = asked.audience ?? parts.settings.issuer
      return { scope, audience, subject: subject ?? DEMO_DEVICE_CODE, refreshUntil: now + REFRESH_LIFETIME }
    }
    case undefined:
      throw new OAuthError('invalid_request', 'the parameter grant_type is missing')
    default:
      throw new OAuthError('unsupported_grant_type', 'the demonstration does not have this grant')
  }
}

interface Asked {
  readonly scope: string | undefined
  readonly audience: string | undefined
}

/** A refresh can narrow, never widen. RFC 6749 section 6. */
async function readRefresh(parts: DemoParts, token: string | undefined, { scope, audience }: Asked): Promise<Grant> {
  if (token === undefined) throw new OAuthError('invalid_request', 'the parameter refresh_token is missing')
  const claims = await readRefreshToken(parts, token)
  const [granted, grantedAudience, subject] = [claims['orig_scope'], claims['orig_aud'], claims['sub']].map(String)
  const before = scopesOf(granted!)
  if (scope !== undefined && !scopesOf(scope).every((each) => coveredByAny(before, each))) {
    throw new OAuthError('invalid_scope', 'a refresh cannot ask for more than was granted')
  }
  if (audience !== undefined && audience !== grantedAudience) {
    throw new OAuthError('invalid_target', 'a refresh cannot ask for another audience than was granted')
  }
  const refreshUntil = claims['exp'] as number
  return { scope: scope ?? granted!, audience: grantedAudience!, subject: subject!, refreshUntil }
}

async function readRefreshToken({ keys, settings }: DemoParts, token: string): Promise<JsonObject> {
  try {
    const { keySet } = await keys.published()
    const { claims } = await verifyToken(token, { keys: { getKeySet: () => keySet }, issuers: [settings.issuer] })
    const isBound = Object.hasOwn(claims, 'cnf')
    const isOne = !isBound && claims['aud'] === `${settings.issuer}/oauth2/token` && claims['scope'] === 'refresh'
    // Anybody can have almost anything signed here, so its form says nothing about where it came from, and need not.
    if (isOne && typeof claims['exp'] === 'number' && claims['exp'] > settings.clock()) return claims
    throw new TokenNotAcceptableError('expired', 'this is no refresh token, or its time is over')
  } catch (error) {
    if (!(error instanceof SciTokenError) || error.family !== 'not_acceptable') throw error
    throw new OAuthError('invalid_grant', 'the refresh token is not one of this service, or its time is over')
  }
}

function scopesOf(text: string): ReturnType<typeof parseScopes>['scopes'] {
  try {
    return parseScopes(text).scopes
  } catch {
    throw new OAuthError('invalid_scope', 'the scope is malformed')
  }
}
