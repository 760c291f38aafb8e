import { type Clock, InvalidRequestError, type JsonObject, type Jwk, signBaseToken } from '@scitokens/core'
import { isJsonValue } from '@scitokens/core/internal'
import type { DemoAlgorithm, DemoKeys } from '../keys/demo-keys.ts'
import { DEFAULT_LIFETIME, type DemoSettings } from '../demo-options.ts'
import { signFreely } from '../tokens/free-token.ts'

/** Profiles that can be asked for. */
export const DEMO_PROFILES = ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'] as const

/** One of {@link DEMO_PROFILES}. */
export type DemoProfile = (typeof DEMO_PROFILES)[number]

/** What `POST /issue` was asked for. */
export interface TokenWish {
  readonly payload: JsonObject
  readonly algorithm: DemoAlgorithm
  /** Sets the version claim, and the type. Default: `ver` is added where the payload names no version. */
  readonly profile?: DemoProfile | undefined
  /** Public key of whoever may derive from the token: it becomes the base of a chain. */
  readonly cwk?: Jwk | undefined
}

/** A signed token and when it ends, in seconds since the epoch. */
export interface IssuedToken {
  readonly token: string
  readonly expiresAt: number
}

/** Who signs, and by which rules. */
export interface Signing {
  readonly keys: DemoKeys
  readonly settings: Pick<DemoSettings, 'issuer' | 'maxLifetime'> & { readonly clock: Clock }
}

/** Seconds by which `iat` and `nbf` lie in the past: some verifiers have no tolerance at all. */
const BACKDATE = 5

/**
 * Signs almost anything: that is what the demonstration is for. The issuer and the times are its own; `exp` is kept where it is
 * more than 600 s ahead, and not after the longest life.
 *
 * Throws `invalid_request` for claims that are no JSON, and for those of a chain what `signBaseToken` throws.
 */
export async function issueToken({ keys, settings }: Signing, wish: TokenWish): Promise<IssuedToken> {
  const { payload, algorithm, profile, cwk } = wish
  if (!isJsonValue(payload))
    throw new InvalidRequestError('invalid_request', 'the payload is nested too deeply, or no JSON')
  const { issuer, maxLifetime, clock } = settings
  const now = Math.floor(clock())
  const expiresAt = expiryOf(payload['exp'], now, maxLifetime)
  const signer = keys.signer(algorithm)
  if (cwk !== undefined) {
    const { ver: _v, 'wlcg.ver': _w, iat: _i, nbf: _n, exp: _e, ...claims } = payload
    const lifetime = expiresAt - now
    const named = { aud: issuer, ...claims, iss: issuer }
    return { token: await signBaseToken({ signer, cwk, claims: named, lifetime, clock }), expiresAt }
  }
  const claims: JsonObject = {
    ...versioned(payload, profile, issuer),
    iss: issuer,
    exp: expiresAt,
    iat: now - BACKDATE,
    nbf: now - BACKDATE,
    jti: payload['jti'] ?? crypto.randomUUID(),
  }
  return { token: await signFreely(signer, claims, profile === 'at+jwt' ? { typ: 'at+jwt' } : {}), expiresAt }
}

function expiryOf(wanted: unknown, now: number, maxLifetime: number): number {
  const usual = now + DEFAULT_LIFETIME
  return typeof wanted === 'number' && wanted > usual ? Math.min(Math.floor(wanted), now + maxLifetime) : usual
}

/** The payload with the version that was asked for, and the audience that the version requires. */
function versioned(payload: JsonObject, profile: DemoProfile | undefined, issuer: string): JsonObject {
  const { ver: _ver, 'wlcg.ver': _wlcg, ...rest } = payload
  switch (profile) {
    case undefined: {
      const named = Object.hasOwn(payload, 'ver') || Object.hasOwn(payload, 'wlcg.ver')
      const claims: JsonObject = named ? payload : { ver: 'scitoken:2.0', ...payload }
      return claims['ver'] === 'scitoken:2.0' ? { aud: issuer, ...claims } : claims
    }
    case 'scitoken:1.0':
      return { ...rest, ver: 'scitoken:1.0' }
    case 'scitoken:2.0':
      return { aud: issuer, ...rest, ver: 'scitoken:2.0' }
    case 'wlcg:1.x':
      return { aud: issuer, ...rest, 'wlcg.ver': '1.0' }
    case 'at+jwt':
      return { aud: issuer, ...rest }
  }
}
