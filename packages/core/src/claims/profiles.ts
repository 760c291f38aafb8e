import { own } from '../jose/compact.ts'
import { ConfigError, quote, TokenNotAcceptableError } from '../errors.ts'
import type { JsonObject } from '../jose/json.ts'

/** The sets of rules a token may follow. */
export type ProfileName = 'scitoken:1.0' | 'scitoken:2.0' | 'wlcg:1.x' | 'at+jwt'

/** Every profile, in the order of their age. `compat` stands for all of them. */
export const PROFILES: readonly ProfileName[] = ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt']

/** What a profile demands. */
export interface ProfileRules {
  /** Whose rules these are. */
  readonly name: ProfileName
  /** Claims without which nothing can be decided. `scope` is judged by the enforcer. */
  readonly required: readonly string[]
  /** Claims that the profile's document requires; a strict verifier asks for them. */
  readonly requiredWhenStrict: readonly string[]
  /** Claims that may stand in the token; undefined where unknown ones are ignored. */
  readonly knownClaims: readonly string[] | undefined
  /** The `aud` that every server accepts. */
  readonly everyoneAudience: string | undefined
  /** Whether the header must name its key. WLCG profile 1.3 section 4.2. */
  readonly kidRequired: boolean
  /** Whether groups may stand in for a missing `scope`. */
  readonly scopeOptional: boolean
}

const RULES: Readonly<Record<ProfileName, ProfileRules>> = {
  'scitoken:1.0': {
    name: 'scitoken:1.0',
    required: ['iss', 'exp'],
    requiredWhenStrict: ['iss', 'exp', 'nbf', 'scope'],
    // 1.0 refuses a token with a claim nobody judges: these the library itself judges or knows to be harmless.
    knownClaims: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'scp', 'ver', 'opt'],
    everyoneAudience: undefined,
    kidRequired: false,
    scopeOptional: false,
  },
  'scitoken:2.0': {
    name: 'scitoken:2.0',
    required: ['iss', 'exp', 'iat', 'aud'],
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'ver'],
    knownClaims: undefined,
    everyoneAudience: 'ANY',
    kidRequired: false,
    scopeOptional: false,
  },
  'wlcg:1.x': {
    name: 'wlcg:1.x',
    required: ['iss', 'exp', 'iat', 'aud'],
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'wlcg.ver'],
    knownClaims: undefined,
    everyoneAudience: 'https://wlcg.cern.ch/jwt/v1/any',
    kidRequired: true,
    scopeOptional: true,
  },
  'at+jwt': {
    name: 'at+jwt',
    required: ['iss', 'exp', 'iat', 'aud'],
    // RFC 9068 section 2.2.
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
    knownClaims: undefined,
    everyoneAudience: undefined,
    kidRequired: false,
    scopeOptional: false,
  },
}

/** The rules of a profile. */
export function profileRules(profile: ProfileName): ProfileRules {
  return RULES[profile]
}

/** Reads a relying party's choice of profiles. Throws `config_error` for an unknown or empty one. */
export function checkProfiles(profiles: 'compat' | readonly string[]): readonly ProfileName[] {
  if (profiles === 'compat') return PROFILES
  if (!Array.isArray(profiles) || profiles.length === 0)
    throw new ConfigError('config_error', 'profiles must be "compat" or a list of profiles')
  return profiles.map((name: string) => {
    const profile = PROFILES.find((known) => known === name)
    if (!profile) throw new ConfigError('config_error', `${quote(name)} is not a profile`, { expected: PROFILES })
    return profile
  })
}

/** The `ver` of chain tokens: unknown to every other verifier, on purpose. */
export const CHAIN_VERSION = 'scitoken-chain:1.0'
/** The `typ` of chain tokens. */
export const CHAIN_TYPE = 'scitoken-chain+jwt'

/** Spellings of `ver` that are in the field; the first of each pair is the one written here. */
const VERSIONS: ReadonlyMap<string, ProfileName> = new Map([
  ['scitoken:1.0', 'scitoken:1.0'],
  ['scitokens:1.0', 'scitoken:1.0'],
  ['scitoken:2.0', 'scitoken:2.0'],
  ['scitokens:2.0', 'scitoken:2.0'],
])

// A newer minor version must be accepted, another major refused. WLCG profile 1.3, `wlcg.ver`.
const WLCG_VERSION = /^1\.[0-9]{1,9}$/

/** Whether a `wlcg.ver` is one of the major version that is understood here. */
export function isWlcgVersion(version: string): boolean {
  return WLCG_VERSION.test(version)
}

/**
 * Which profile a token follows: `ver` decides, then `wlcg.ver`, then a `typ` of `at+jwt`; a token with none of them is 1.0.
 * Throws `profile_mismatch` for a token of another type or with both versions, `invalid_claim` for a version that is no
 * string, `unsupported_version` for one that is unknown.
 *
 * @param typ - as {@link CheckedHeader.typ}.
 */
export function detectProfile(typ: string, claims: JsonObject): ProfileName {
  if (typ === CHAIN_TYPE) {
    throw new TokenNotAcceptableError(
      'chain_not_accepted',
      'this is a link of a token chain, and chains are not accepted here',
    )
  }
  if (typ !== 'jwt' && typ !== 'at+jwt') {
    throw new TokenNotAcceptableError('profile_mismatch', `a token of type ${quote(typ)} is no access token`, {
      reason: 'mismatch',
      claim: 'typ',
      actual: typ,
    })
  }
  const ver = versionClaim(claims, 'ver')
  const wlcg = versionClaim(claims, 'wlcg.ver')
  if (ver !== undefined && wlcg !== undefined) {
    throw new TokenNotAcceptableError('profile_mismatch', 'the token claims both ver and wlcg.ver', {
      claim: 'wlcg.ver',
    })
  }
  if (ver !== undefined) return VERSIONS.get(ver) ?? unsupported('ver', ver)
  if (wlcg !== undefined) return isWlcgVersion(wlcg) ? 'wlcg:1.x' : unsupported('wlcg.ver', wlcg)
  return typ === 'at+jwt' ? 'at+jwt' : 'scitoken:1.0'
}

function versionClaim(claims: JsonObject, name: string): string | undefined {
  const value = own(claims, name)
  if (value === undefined || typeof value === 'string') return value
  throw new TokenNotAcceptableError('invalid_claim', `${name} must be a string`, { reason: 'invalid', claim: name })
}

function unsupported(claim: string, actual: string): never {
  throw new TokenNotAcceptableError('unsupported_version', `${claim} ${quote(actual)} is not supported`, {
    reason: 'unsupported',
    claim,
    actual,
  })
}
