import {
  type JsonObject,
  type JsonValue,
  parseScopes,
  type ProfileName,
  type ScopeClaim,
  TokenNotAcceptableError,
} from '@scitokens/core'
import { audienceMatches, own, parseAudience, profileRules } from '@scitokens/core/internal'

/** Last second of the year 9999: what lies beyond is no date but an attempt to overflow somebody's clock. */
const LAST_SECOND = 253_402_300_799

/** Claims of a token that the library itself judges, read and type-checked. */
export interface StandardClaims {
  readonly subject: string | undefined
  readonly tokenId: string | undefined
  readonly expiresAt: number
  readonly notBefore: number | undefined
  readonly issuedAt: number | undefined
  readonly audience: readonly string[] | undefined
}

/** Claims that hold here and now. */
export interface ValidatedClaims extends StandardClaims {
  /** Which rules the token follows. */
  readonly profile: ProfileName
  /** What its scope says. */
  readonly scope: ScopeClaim
}

/** What {@link readStandardClaims} needs to know. */
export interface StandardClaimsOptions {
  readonly strict: boolean
  readonly maxLifetime: number | undefined
  /** The claims of each link of a chain, the base first; undefined for a token that is none. */
  readonly links: readonly JsonObject[] | undefined
}

/**
 * Reads what every profile has, apart from the scope. Presence is "own member", never truthiness: `exp: 0` is a time.
 * Throws `missing_claim`, `invalid_claim`, `lifetime_too_long`.
 */
export function readStandardClaims(
  claims: JsonObject,
  profile: ProfileName,
  { strict, maxLifetime, links }: StandardClaimsOptions,
): StandardClaims {
  const rules = profileRules(profile)
  for (const name of rules.required) demand(claims, name)
  if (strict) for (const name of rules.requiredWhenStrict) demand(claims, name)
  const expiresAt = timeClaim(claims, 'exp')
  if (expiresAt === undefined) throw missing('exp')
  const notBefore = timeClaim(claims, 'nbf')
  const issuedAt = latestIssue(claims, links)
  const start = Math.max(notBefore ?? -Infinity, issuedAt ?? -Infinity)
  if (expiresAt <= start) throw invalid('exp', 'does not lie after nbf and iat')
  checkLifetime(expiresAt, links?.[0] ?? claims, maxLifetime)
  const subject = textClaim(claims, 'sub')
  if (strict && subject !== undefined && rules.strictSubject?.test(subject) === false) {
    throw invalid('sub', 'must be 1 to 255 ASCII characters')
  }
  const tokenId = textClaim(claims, 'jti')
  const aud = own(claims, 'aud')
  return {
    subject,
    tokenId,
    expiresAt,
    notBefore,
    issuedAt,
    audience: aud === undefined ? undefined : parseAudience(aud),
  }
}

/** When the last link was made: none may have been made in the future. */
function latestIssue(claims: JsonObject, links: readonly JsonObject[] = [claims]): number | undefined {
  const times = links.map((link) => timeClaim(link, 'iat')).filter((time) => time !== undefined)
  return times.length === 0 ? undefined : Math.max(...times)
}

/**
 * Judges how long the token lives.
 *
 * @param origin - what the issuer signed: the token's own claims, or those of a chain's base. Its holder derives again and again,
 *   and each child says when that was; what the issuer vouched for grows no younger by it.
 */
function checkLifetime(expiresAt: number, origin: JsonObject, maxLifetime: number | undefined): void {
  if (maxLifetime === undefined) return
  // The earlier of the two: a token that was issued long ago has lived long, whatever its nbf says.
  const start = Math.min(timeClaim(origin, 'nbf') ?? Infinity, timeClaim(origin, 'iat') ?? Infinity)
  if (start === Infinity) throw missing('iat')
  if (expiresAt - start <= maxLifetime) return
  throw new TokenNotAcceptableError(
    'lifetime_too_long',
    `the token lives longer than the ${maxLifetime} s accepted here`,
    {
      claim: 'exp',
      expected: maxLifetime,
      actual: expiresAt - start,
    },
  )
}

/** Judges the times. Both ends are read at each use, never kept. Throws `expired`, `not_yet_valid`. */
export function checkTimes(
  { expiresAt, notBefore, issuedAt }: Pick<StandardClaims, 'expiresAt' | 'notBefore' | 'issuedAt'>,
  now: number,
  clockTolerance: number,
): void {
  // RFC 7519 section 4.1.4: "on or after" exp. A clock that is no number lets nothing pass.
  if (!(now < expiresAt)) {
    throw new TokenNotAcceptableError('expired', 'the token has expired', {
      reason: 'expired',
      claim: 'exp',
      expected: `after ${now}`,
      actual: expiresAt,
    })
  }
  if (notBefore !== undefined && !(notBefore - clockTolerance <= now)) throw notYetValid('nbf', notBefore, now)
  if (issuedAt !== undefined && !(issuedAt - clockTolerance <= now)) throw notYetValid('iat', issuedAt, now)
}

function notYetValid(claim: string, actual: number, now: number): TokenNotAcceptableError {
  return new TokenNotAcceptableError('not_yet_valid', `the token is not valid yet: ${claim} lies in the future`, {
    reason: 'not_yet_valid',
    claim,
    expected: `not after ${now}`,
    actual,
  })
}

/**
 * Judges the audience. Throws `missing_claim`, `aud_mismatch`.
 *
 * @param ours - undefined where every audience will do.
 */
export function checkAudience(
  audience: readonly string[] | undefined,
  ours: readonly string[] | undefined,
  profile: ProfileName,
  acceptAnyInV1: boolean,
): void {
  if (ours === undefined) return
  if (audience === undefined) throw missing('aud')
  if (audienceMatches(audience, ours, profile, acceptAnyInV1)) return
  throw new TokenNotAcceptableError('aud_mismatch', 'the token is meant for another server', {
    reason: 'mismatch',
    claim: 'aud',
    expected: ours,
    actual: audience,
  })
}

/** How a scope claim is read. */
export interface ScopeReading {
  readonly acceptScp: boolean
  readonly acceptUriScopes: boolean
}

/**
 * Reads the scope. A missing one is an empty one only where groups may stand in for it. `scp` never adds to `scope`.
 * Throws `missing_claim`, `invalid_claim`, `invalid_scope`.
 */
export function readScopes(claims: JsonObject, profile: ProfileName, reading: ScopeReading): ScopeClaim {
  const scope = own(claims, 'scope')
  if (scope !== undefined) {
    if (typeof scope !== 'string') throw invalid('scope', 'must be a string')
    return parseScopes(scope, reading)
  }
  const scp = reading.acceptScp ? own(claims, 'scp') : undefined
  if (scp !== undefined) return parseScopes(scpText(scp), reading)
  if (profileRules(profile).scopeOptional && own(claims, 'wlcg.groups') !== undefined)
    return { scopes: [], selectors: [] }
  throw missing('scope')
}

function scpText(scp: JsonValue): string {
  if (typeof scp === 'string') return scp
  // An item with a space would become two.
  if (Array.isArray(scp) && scp.every((item) => typeof item === 'string' && !item.includes(' '))) return scp.join(' ')
  throw invalid('scp', 'must be a string or a list of strings')
}

function demand(claims: JsonObject, name: string): void {
  if (own(claims, name) === undefined) throw missing(name)
}

function timeClaim(claims: JsonObject, name: string): number | undefined {
  const value = own(claims, name)
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, 'must be a number of seconds')
  if (value < 0 || value > LAST_SECOND) throw invalid(name, 'lies outside every calendar')
  return value
}

function textClaim(claims: JsonObject, name: string): string | undefined {
  const value = own(claims, name)
  if (value === undefined || typeof value === 'string') return value
  throw invalid(name, 'must be a string')
}

/** The refusal of a token that lacks a claim. */
export function missing(claim: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('missing_claim', `the claim ${claim} is missing`, { reason: 'missing', claim })
}

function invalid(claim: string, problem: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('invalid_claim', `${claim} ${problem}`, { reason: 'invalid', claim })
}
