import type { X509Certificate } from 'node:crypto'
import { type JsonObject, type ProfileName, SciTokenError, TokenNotAcceptableError, verifyToken } from '@scitokens/core'
import type { KeyRing } from '../keys/key-ring.ts'
import { explainRefusal, type LoginsContext, readStanding, refusalOf } from '../logins/standing.ts'
import { checkProof } from './confirmation.ts'
import { tagOf } from '../logins/token-id.ts'

/** What is needed to judge a token of this issuer: its public keys, and which logins go on. */
export interface OwnTokenContext extends LoginsContext {
  readonly keys: Pick<KeyRing, 'published'>
}

/**
 * The claims of an access token of this issuer that was brought to be used: it is valid now, was not revoked, and its bearer has the
 * key that it may be bound to. Offline but for what was revoked, ended or suspended. Throws `TokenNotAcceptableError`.
 *
 * @param certificate - of the connection on which the token came, where this server itself ends TLS.
 */
export async function verifyPresentedToken(
  realm: OwnTokenContext,
  token: string,
  certificate: X509Certificate | undefined,
): Promise<JsonObject> {
  const claims = await verifyOwnToken(realm, token)
  checkProof(claims, certificate)
  return claims
}

/**
 * The claims of an access token of this issuer that is valid now and was not revoked, whose person is not suspended and whose login was not
 * ended. Offline but for these. Throws `TokenNotAcceptableError`.
 */
async function verifyOwnToken(realm: OwnTokenContext, token: string): Promise<JsonObject> {
  const claims = await verifyUnrevoked(realm, token)
  const { sub, client_id: clientId, iat } = claims
  const standing = await readStanding(realm, sub as string, (clientId as string | undefined) ?? '')
  const issuedAt = typeof iat === 'number' ? iat + realm.times.backdate : undefined
  // The token says whose subject it is: also one that a client has for itself.
  const refusal = refusalOf(standing, { issuedAt, derived: true })
  if (refusal)
    throw new TokenNotAcceptableError('revoked', explainRefusal(refusal), { reason: 'revoked', claim: 'sub' })
  return claims
}

async function verifyUnrevoked(realm: OwnTokenContext, token: string): Promise<JsonObject> {
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
async function isRevoked(realm: OwnTokenContext, jti: string): Promise<boolean> {
  const ids = [jti, tagOf(jti)].filter((id) => id !== undefined)
  const found = await Promise.all(ids.map((id) => realm.store.get({ realm: realm.issuer, kind: 'revoked', id })))
  return found.some((entry) => entry !== undefined)
}

async function verifyAuthentic(
  realm: OwnTokenContext,
  token: string,
): Promise<{ claims: JsonObject; profile: ProfileName }> {
  const { keySet } = await realm.keys.published()
  return verifyToken(token, { keys: { getKeySet: () => keySet }, issuers: [realm.issuer], requireKid: true })
}

/**
 * The claims of a token of this issuer that is valid now and was not revoked, whoever holds it: for endpoints that are asked *about* a token.
 * Undefined for all others, as these endpoints say nothing about bad tokens.
 */
export function readOwnToken(realm: OwnTokenContext, token: string): Promise<JsonObject | undefined> {
  return orUndefined(verifyOwnToken(realm, token))
}

/** A token that can still be revoked: also one of a person who is suspended, and may be resumed. */
export function readRevocable(realm: OwnTokenContext, token: string): Promise<JsonObject | undefined> {
  return orUndefined(verifyUnrevoked(realm, token))
}

async function orUndefined(verified: Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await verified
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'not_acceptable') return undefined
    throw error
  }
}
