import type { Algorithm } from './algorithms.ts'
import { parseAudience } from './audience.ts'
import { encodeBase64url } from './base64url.ts'
import { type Clock, systemClock } from './clock.ts'
import { ConfigError, type ErrorCode, InvalidRequestError, quote, SciTokenError } from './errors.ts'
import { isJsonValue, type JsonObject, type JsonValue } from './json.ts'
import { isGroupName } from './groups.ts'
import { type ProfileName, profileRules } from './profiles.ts'
import { parseScopes } from './scopes.ts'
import type { Signer } from './signing-key.ts'

/** Options of {@link signToken}. */
export interface SignOptions {
  readonly signer: Signer
  /** Everything but what signing itself sets: `exp`, `iat`, `nbf`, `ver` and `wlcg.ver` are refused here. */
  readonly claims: JsonObject
  /** Which rules the token follows. Default: `scitoken:2.0`. */
  readonly profile?: ProfileName
  /** Seconds from now to `exp`. Default: 600. */
  readonly lifetime?: number
  /** Longest lifetime that is signed, in seconds. Default: 604 800 (seven days). */
  readonly maxLifetime?: number
  /** Seconds by which `iat` and `nbf` lie in the past: some verifiers have no tolerance at all. Default: 5. */
  readonly backdate?: number
  readonly clock?: Clock
  /** Algorithms besides ES256 and RS256 that may sign. Few verifiers know them. Default: none. */
  readonly algorithms?: readonly Algorithm[]
  /** `wlcg.ver` of a WLCG token. Default: `1.0`, the only one that verifiers in the field accept. */
  readonly wlcgVersion?: string
  /** Further members of the protected header, for chains. */
  readonly header?: JsonObject
}

/** Claims that only the act of signing may set. */
const SET_BY_SIGNING = ['exp', 'iat', 'nbf', 'ver', 'wlcg.ver']

const encoder = new TextEncoder()
const ENCODED_PREFIX = new WeakMap<Signer, Map<string, string>>()

/**
 * Signs a complete token of a profile: sets `iat`, `nbf`, `exp`, the version, and `jti` (a UUID) unless given; always
 * writes `kid`. What verifiers would refuse is not signed.
 *
 * Throws, family `invalid_request`: `invalid_scope`, `missing_claim` (`iss`; `aud` but for 1.0; `sub` for WLCG),
 * `invalid_claim`, `lifetime_too_long`; family `config`: `unsupported_alg`.
 */
export async function signToken(options: SignOptions): Promise<string> {
  const { signer, profile = 'scitoken:2.0' } = options
  if (!['ES256', 'RS256', ...(options.algorithms ?? [])].includes(signer.alg)) {
    throw new ConfigError(`a ${signer.alg} key signs only where it is asked for by name`, {}, 'unsupported_alg')
  }
  const claims = { ...completeClaims(options, profile), ...times(options) }
  const typ = profile === 'at+jwt' ? 'at+jwt' : 'JWT'
  const input = `${encodedHeader(signer, { alg: signer.alg, typ, kid: signer.kid, ...options.header })}.${encodeJson(claims)}`
  const signature = await signer.sign(encoder.encode(input))
  return `${input}.${encodeBase64url(signature)}`
}

/** Refuses what must not be signed; adds the version and `jti`. */
function completeClaims({ claims, wlcgVersion = '1.0' }: SignOptions, profile: ProfileName): JsonObject {
  for (const [name, value] of Object.entries(claims)) {
    if (!isJsonValue(value)) throw refuse('invalid_claim', `the claim ${quote(name)} is not a JSON value`, name)
  }
  for (const name of SET_BY_SIGNING) {
    if (Object.hasOwn(claims, name)) throw refuse('invalid_claim', `the claim ${name} is set by signing`, name)
  }
  const required = profile === 'wlcg:1.x' ? ['sub', 'aud'] : profile === 'scitoken:1.0' ? [] : ['aud']
  for (const name of ['iss', ...required]) {
    if (!Object.hasOwn(claims, name)) throw refuse('missing_claim', `a ${profile} token needs the claim ${name}`, name)
  }
  checkKnownClaims(claims)
  checkUnknownClaims(claims, profile)
  const version: JsonObject =
    profile === 'scitoken:2.0' ? { ver: 'scitoken:2.0' } : profile === 'wlcg:1.x' ? { 'wlcg.ver': wlcgVersion } : {}
  return { ...version, jti: crypto.randomUUID(), ...claims }
}

function checkKnownClaims(claims: JsonObject): void {
  const text = (name: string): string | undefined => {
    if (!Object.hasOwn(claims, name)) return undefined
    const value = claims[name]
    if (typeof value !== 'string' || value === '') throw refuse('invalid_claim', `${name} must be a string`, name)
    return value
  }
  text('iss')
  text('sub')
  text('jti')
  if (Object.hasOwn(claims, 'aud')) {
    const audience = asInvalidRequest(() => parseAudience(claims['aud'] as JsonValue))
    if (audience.length === 0 || audience.includes('')) throw refuse('invalid_claim', 'aud is empty', 'aud')
  }
  const scope = claims['scope']
  if (Object.hasOwn(claims, 'scope')) {
    if (typeof scope !== 'string') throw refuse('invalid_claim', 'scope must be a string', 'scope')
    asInvalidRequest(() => parseScopes(scope))
  }
  const groups = claims['wlcg.groups']
  if (Object.hasOwn(claims, 'wlcg.groups')) {
    const valid = Array.isArray(groups) && groups.every((group) => typeof group === 'string' && isGroupName(group))
    if (!valid) throw refuse('invalid_claim', 'wlcg.groups must be a list of group names', 'wlcg.groups')
  }
}

function checkUnknownClaims(claims: JsonObject, profile: ProfileName): void {
  const known = profileRules(profile).knownClaims
  const unknown = known && Object.keys(claims).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw refuse('unknown_claim', `verifiers refuse ${profile} tokens with the claim ${quote(unknown)}`, unknown)
  }
}

function times({ clock = systemClock, lifetime = 600, maxLifetime = 604_800, backdate = 5 }: SignOptions): JsonObject {
  if (!Number.isFinite(lifetime) || lifetime <= 0)
    throw refuse('invalid_claim', 'a lifetime must be more than zero seconds', 'exp')
  if (lifetime > maxLifetime) {
    throw refuse('lifetime_too_long', `a lifetime of ${lifetime} s is over the limit of ${maxLifetime} s`, 'exp')
  }
  if (!Number.isFinite(backdate) || backdate < 0) throw refuse('invalid_claim', 'iat cannot lie in the future', 'iat')
  // Whole seconds: verifiers in the field refuse fractions.
  const now = Math.floor(clock())
  return { iat: now - Math.floor(backdate), nbf: now - Math.floor(backdate), exp: now + Math.ceil(lifetime) }
}

/** What a verifier would call "not acceptable" is, when signing, the caller's mistake. */
function asInvalidRequest<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof SciTokenError)
      throw new InvalidRequestError(error.message, { claim: error.claim ?? 'scope' }, error.code)
    throw error
  }
}

function refuse(code: ErrorCode, message: string, claim: string): InvalidRequestError {
  return new InvalidRequestError(message, { claim }, code)
}

function encodeJson(value: JsonObject): string {
  return encodeBase64url(encoder.encode(JSON.stringify(value)))
}

// The header is the same for every token of a signer, but for chains.
function encodedHeader(signer: Signer, header: JsonObject): string {
  let known = ENCODED_PREFIX.get(signer)
  if (!known) ENCODED_PREFIX.set(signer, (known = new Map()))
  if (Object.keys(header).length > 3) return encodeJson(header)
  const typ = header['typ'] as string
  const encoded = known.get(typ) ?? encodeJson(header)
  known.set(typ, encoded)
  return encoded
}
