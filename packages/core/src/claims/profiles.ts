import { own } from '../jose/compact.ts'
import { ConfigError, quote, TokenNotAcceptableError } from '../errors.ts'
import type { JsonObject } from '../jose/json.ts'
import { type ProfileName, profileRules, type ProfileRules, PROFILES } from './profile-rules.ts'

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

const ALL: readonly ProfileRules[] = PROFILES.map(profileRules)

/** The claims that name a version of one profile or another. */
const VERSION_CLAIMS: readonly string[] = [...new Set(ALL.flatMap(({ version }) => version?.claim ?? []))]

/**
 * Which profile a token follows: a claim with a version decides, then the header's `typ`; a token that says nothing is 1.0.
 * Throws `profile_mismatch` for a token of another type or with two versions, `invalid_claim` for a version that is no
 * string, `unsupported_version` for one that is unknown.
 *
 * @param typ - as {@link CheckedHeader.typ}.
 */
export function detectProfile(typ: string, claims: JsonObject): ProfileName {
  const unversioned = ALL.find((rules) => rules.needsNoVersion && rules.typ.toLowerCase() === typ)
  if (!unversioned) throw foreignType(typ)
  const named = VERSION_CLAIMS.filter((claim) => versionClaim(claims, claim) !== undefined)
  if (named.length > 1) throw twoVersions(named)
  return named[0] === undefined ? unversioned.name : profileOfVersion(named[0], versionClaim(claims, named[0])!)
}

function profileOfVersion(claim: string, value: string): ProfileName {
  const rules = ALL.find(({ version }) => version?.claim === claim && version.isRead(value))
  if (rules) return rules.name
  throw new TokenNotAcceptableError('unsupported_version', `${claim} ${quote(value)} is not supported`, {
    reason: 'unsupported',
    claim,
    actual: value,
  })
}

function foreignType(typ: string): TokenNotAcceptableError {
  if (typ === CHAIN_TYPE) {
    return new TokenNotAcceptableError(
      'chain_not_accepted',
      'this is a link of a token chain, and chains are not accepted here',
    )
  }
  return new TokenNotAcceptableError('profile_mismatch', `a token of type ${quote(typ)} is no access token`, {
    reason: 'mismatch',
    claim: 'typ',
    actual: typ,
  })
}

function twoVersions(named: readonly string[]): TokenNotAcceptableError {
  return new TokenNotAcceptableError('profile_mismatch', `the token claims both ${named.join(' and ')}`, {
    claim: named.at(-1)!,
  })
}

function versionClaim(claims: JsonObject, name: string): string | undefined {
  const value = own(claims, name)
  if (value === undefined || typeof value === 'string') return value
  throw new TokenNotAcceptableError('invalid_claim', `${name} must be a string`, { reason: 'invalid', claim: name })
}
