import { type JsonObject, type ProfileName, SciTokenError, TokenNotAcceptableError, verifyToken } from '@scitokens/core'
import type { Realm } from '../realm.ts'

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
  const jti = claims['jti']
  if (typeof jti !== 'string' || (await realm.store.get({ realm: realm.issuer, kind: 'revoked', id: jti }))) {
    throw new TokenNotAcceptableError('revoked', 'the token was revoked', { reason: 'revoked', claim: 'jti' })
  }
  return claims
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
