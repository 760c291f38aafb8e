import { type JsonObject, type ProfileName, SciTokenError, TokenNotAcceptableError, verifyToken } from '@scitokens/core'
import type { Realm } from '../realm.ts'
import { tagOf } from './token-id.ts'

/**
 * The claims of an access token of this issuer that is valid now and was not revoked. Offline but for the list of revoked tokens.
 * Throws `TokenNotAcceptableError`.
 */
export async function verifyOwnToken(realm: Realm, token: string): Promise<JsonObject> {
  const { claims, profile } = await verifyAuthentic(realm, token)
  // An ID token of this issuer is authentic too, but it is no access token.
  if (profile === 'scitoken:1.0') throw new TokenNotAcceptableError('profile_mismatch', 'this is no access token')
  const now = realm.clock()
  if (typeof claims['exp'] !== 'number' || claims['exp'] <= now) {
    throw new TokenNotAcceptableError('expired', 'the token has expired', { reason: 'expired', claim: 'exp' })
  }
  if (typeof claims['jti'] !== 'string' || (await isRevoked(realm, claims['jti']))) {
    throw new TokenNotAcceptableError('revoked', 'the token was revoked', { reason: 'revoked', claim: 'jti' })
  }
  return claims
}

/** Whether the token is on the list, or the login that it came of. */
async function isRevoked(realm: Realm, jti: string): Promise<boolean> {
  const ids = [jti, tagOf(jti)].filter((id) => id !== undefined)
  const found = await Promise.all(ids.map((id) => realm.store.get({ realm: realm.issuer, kind: 'revoked', id })))
  return found.some((entry) => entry !== undefined)
}

async function verifyAuthentic(realm: Realm, token: string): Promise<{ claims: JsonObject; profile: ProfileName }> {
  const { keySet } = await realm.keys.published()
  return verifyToken(token, { keys: { getKeySet: () => keySet }, issuers: [realm.issuer], requireKid: true })
}

/** The same, but a token that is not acceptable is undefined: for endpoints that say nothing about bad tokens. */
export async function readOwnToken(realm: Realm, token: string): Promise<JsonObject | undefined> {
  try {
    return await verifyOwnToken(realm, token)
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'not_acceptable') return undefined
    throw error
  }
}
