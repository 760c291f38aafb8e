import { type Algorithm, DEFAULT_ALGORITHMS, traitsOf } from '../jose/algorithms.ts'
import { asInvalidRequest } from './as-invalid-request.ts'
import { parseAudience } from '../claims/audience.ts'
import { encodeBase64url, encodeTextAsBase64url } from '../jose/base64url.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { CallerCode } from '../error-codes.ts'
import { ConfigError, InvalidRequestError, quote, SciTokenError, UndecidedError } from '../errors.ts'
import { isGroupName } from '../claims/groups.ts'
import { isJsonValue, type JsonObject, type JsonValue } from '../jose/json.ts'
import {
  DEFAULT_PROFILE,
  isWlcgVersion,
  type ProfileName,
  type ProfileRules,
  PROFILES,
  profileRules,
} from '../claims/profile-rules.ts'
import { normalizeScopeClaim } from '../claims/scopes.ts'
import type { Signer } from '../keys/signing-key.ts'

/** Options of {@link signToken}. */
export interface SignOptions {
  /** What signs, and whose `kid` the header names. */
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
  /** Seconds since the epoch. Default: the machine's. */
  readonly clock?: Clock
  /** Algorithms besides ES256 and RS256 that may sign. Few verifiers know them. Default: none. */
  readonly algorithms?: readonly Algorithm[]
  /** `wlcg.ver` of a WLCG token. Default: `1.0`, the only one that verifiers in the field accept. */
  readonly wlcgVersion?: string
}

/** Claims that only the act of signing may set. */
export const SET_BY_SIGNING: readonly string[] = ['exp', 'iat', 'nbf', 'ver', 'wlcg.ver']

/**
 * Signs a complete token of a profile: sets `iat`, `nbf`, `exp`, the version, and `jti` (a UUID) unless given; always
 * writes `kid`. What verifiers would refuse is not signed.
 *
 * Throws, family `invalid_request`: `invalid_scope`, `missing_claim` (`iss`; `aud` but for 1.0; `sub` for WLCG),
 * `invalid_claim`, `lifetime_too_long`; family `config`: `unsupported_alg`.
 */
export async function signToken(options: SignOptions): Promise<string> {
  const { signer, profile = DEFAULT_PROFILE } = options
  checkSigner(signer, options.algorithms)
  const claims = completeClaims(options, profile)
  return signJws(signer, { alg: signer.alg, typ: profileRules(profile).typ, kid: signer.kid }, claims)
}

/** Whether this signer may sign. Throws `unsupported_alg`, `config_error`. */
export function checkSigner(signer: Signer, algorithms: readonly Algorithm[] = []): void {
  if (![...DEFAULT_ALGORITHMS, ...algorithms].includes(signer.alg)) {
    throw new ConfigError('unsupported_alg', `a ${quote(signer.alg)} key signs only where it is asked for by name`)
  }
  if (typeof signer.kid !== 'string' || signer.kid === '')
    throw new ConfigError('config_error', 'the signer names no key')
}

// Not in memory that is shared with others, as Buffer's is: a signer is somebody else's code.
const encoder = new TextEncoder()

/** Signs header and payload as they are. Throws `undecided` when the signer fails, `config_error` when it signs nonsense. */
export async function signJws(signer: Signer, header: JsonObject, payload: JsonValue): Promise<string> {
  const input = `${encodeTextAsBase64url(JSON.stringify(header))}.${encodeTextAsBase64url(JSON.stringify(payload))}`
  let signature: Uint8Array
  try {
    signature = await signer.sign(encoder.encode(input))
  } catch (cause) {
    if (cause instanceof SciTokenError) throw cause
    throw new UndecidedError('undecided', 'the token could not be signed', { cause })
  }
  const { signatureBytes } = traitsOf(signer.alg)
  // An HSM may answer in DER, which no verifier takes.
  if (!(signature instanceof Uint8Array) || signature.length !== (signatureBytes ?? Math.max(signature.length, 256))) {
    throw new ConfigError('config_error', `the signer did not return an ${signer.alg} signature`)
  }
  return `${input}.${encodeBase64url(signature)}`
}

/** Refuses what must not be signed; adds the version, `jti` and times, and writes the scope in its normal form. */
export function completeClaims(options: SignOptions, profile: ProfileName): JsonObject {
  const { claims } = options
  if (!PROFILES.includes(profile))
    throw new ConfigError('config_error', `${quote(profile)} is not a profile`, { expected: PROFILES })
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new InvalidRequestError('invalid_request', 'the claims of a token are an object')
  }
  for (const [name, value] of Object.entries(claims)) {
    if (name.isWellFormed() && isJsonValue(value)) continue
    throw refuse('invalid_claim', `the claim ${quote(name)} is not a JSON value`, name)
  }
  for (const name of SET_BY_SIGNING) {
    if (Object.hasOwn(claims, name)) throw refuse('invalid_claim', `the claim ${name} is set by signing`, name)
  }
  const rules = profileRules(profile)
  for (const name of rules.requiredToSign) {
    if (!Object.hasOwn(claims, name)) throw refuse('missing_claim', `a ${profile} token needs the claim ${name}`, name)
  }
  const normal = checkKnownClaims(claims)
  checkUnknownClaims(claims, rules)
  return { ...versionClaim(options, rules), jti: crypto.randomUUID(), ...claims, ...normal, ...times(options) }
}

/** The claim that names the profile's version, where the profile has one that is written. */
function versionClaim({ wlcgVersion }: SignOptions, { version }: ProfileRules): JsonObject {
  if (wlcgVersion !== undefined && !isWlcgVersion(wlcgVersion)) {
    throw refuse('unsupported_version', 'wlcg.ver must be 1.x', 'wlcg.ver')
  }
  if (version?.written === undefined) return {}
  return { [version.claim]: version.claim === 'wlcg.ver' ? (wlcgVersion ?? version.written) : version.written }
}

/** Gives the claims that are signed in another form than they came: the scope, in its normal form. */
function checkKnownClaims(claims: JsonObject): { scope?: string } {
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
  const groups = claims['wlcg.groups']
  if (Object.hasOwn(claims, 'wlcg.groups')) {
    const valid = Array.isArray(groups) && groups.every((group) => typeof group === 'string' && isGroupName(group))
    if (!valid) throw refuse('invalid_claim', 'wlcg.groups must be a list of group names', 'wlcg.groups')
  }
  if (!Object.hasOwn(claims, 'scope')) return {}
  const { scope } = claims
  if (typeof scope !== 'string') throw refuse('invalid_claim', 'scope must be a string', 'scope')
  return { scope: asInvalidRequest(() => normalizeScopeClaim(scope)) }
}

function checkUnknownClaims(claims: JsonObject, { name: profile, knownClaims }: ProfileRules): void {
  const unknown = knownClaims && Object.keys(claims).find((name) => !knownClaims.includes(name))
  if (unknown !== undefined) {
    throw refuse('unknown_claim', `verifiers refuse ${profile} tokens with the claim ${quote(unknown)}`, unknown)
  }
}

function times(options: SignOptions): JsonObject {
  const { lifetime = 600, maxLifetime = 604_800 } = options
  if (!Number.isFinite(lifetime) || lifetime <= 0)
    throw refuse('invalid_claim', 'a lifetime must be more than zero seconds', 'exp')
  // So that NaN is over the limit, too.
  if (!(lifetime <= maxLifetime)) {
    throw refuse('lifetime_too_long', `a lifetime of ${lifetime} s is over the limit of ${maxLifetime} s`, 'exp')
  }
  const { now, past } = readClock(options)
  const exp = now + Math.ceil(lifetime)
  if (exp > LAST_SECOND) throw refuse('invalid_claim', 'exp would lie after the year 9999', 'exp')
  return { iat: past, nbf: past, exp }
}

/** The last second that verifiers count with: the end of the year 9999. */
const LAST_SECOND = 253_402_300_799

/** Now, and the moment to which `iat` and `nbf` are dated back, in whole seconds: verifiers in the field refuse fractions. */
export function readClock({ clock = systemClock, backdate = 5 }: Pick<SignOptions, 'clock' | 'backdate'>): {
  now: number
  past: number
} {
  const now = Math.floor(clock())
  if (!Number.isSafeInteger(now)) throw new ConfigError('config_error', 'the clock does not tell the time')
  if (!Number.isFinite(backdate) || backdate < 0) throw refuse('invalid_claim', 'iat cannot lie in the future', 'iat')
  const past = now - Math.floor(backdate)
  if (past < 0) throw refuse('invalid_claim', 'iat cannot lie before 1970', 'iat')
  return { now, past }
}

function refuse(code: CallerCode<'invalid_request'>, message: string, claim: string): InvalidRequestError {
  return new InvalidRequestError(code, message, { claim })
}
