// The rules of token chains (DESIGN "Token chains"): what a link must say, and how a child may differ from its parent. What a
// link looks like: link.ts. Nothing here checks a signature; see verify.ts.
import { given } from '../internal/given.ts'
import { ANY_AUDIENCE, CHAIN_PROFILE, profileRules } from '../claims/profile-rules.ts'
import { parseAudience } from '../claims/audience.ts'
import type { ChainLimits } from '../token/verification.ts'
import { splitLinks, readLinkClaims } from './link.ts'
import { type CompactToken, splitCompact, own, withClaims } from '../jose/compact.ts'
import type { CodeOf } from '../error-codes.ts'
import { type ErrorReason, quote, TokenNotAcceptableError } from '../errors.ts'
import { PermissionIndex } from '../claims/permission-index.ts'
import type { JsonObject, JsonValue } from '../jose/json.ts'
import type { Jwk } from '../jose/jwk.ts'
import { CHAIN_VERSION } from '../claims/profiles.ts'
import { checkPublicJwk, hasPrivateMembers, type UsableJwk } from '../keys/public-jwk.ts'
import { parseScopes, type ScopeClaim } from '../claims/scopes.ts'

/** One link, read and judged by itself. */
export interface ChainLink extends ScopeClaim {
  readonly token: CompactToken
  /** The key that signs its children; undefined for a leaf. */
  readonly childKey: UsableJwk | undefined
  readonly audience: readonly string[]
}

/** Claims in which a child may differ from its parent, each under a rule of its own. */
const MAY_DIFFER: ReadonlySet<string> = new Set(['scope', 'aud', 'exp', 'nbf', 'iat', 'jti'])
/** Without these a link says nothing that could be restricted. */
const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'scope', 'ver']

/**
 * Takes a chain apart, from the base to the end, for whoever holds it: every link is judged by itself and against its parent, and
 * no signature is looked at.
 *
 * Throws `too_large`, `malformed_token`, `broken_chain`, `widened_chain`, `missing_claim`, `invalid_claim`, `invalid_scope`.
 */
export function parseChain(text: string, limits: ChainLimits = {}): readonly ChainLink[] {
  const links: ChainLink[] = []
  for (const token of splitLinks(splitCompact(text, limits.maxLength), limits)) {
    const link = readLink(withClaims(token, readLinkClaims(token)))
    judgeLink(links.at(-1), link)
    links.push(link)
  }
  return links
}

/** Judges a link below its parent, or as the base where it has none. Throws `broken_chain`, `widened_chain`, `profile_mismatch`. */
export function judgeLink(parent: ChainLink | undefined, link: ChainLink): void {
  if (parent) checkChild(parent, link)
  else checkBase(link)
}

/** Reads a link and judges it by itself. Throws `broken_chain`, `missing_claim`, `invalid_claim`, `invalid_scope`, … */
export function readLink(token: CompactToken): ChainLink {
  const { header, claims } = token
  for (const name of REQUIRED) {
    if (!Object.hasOwn(claims, name)) {
      throw refuse('missing_claim', `a link of the chain lacks the claim ${name}`, name, 'missing')
    }
  }
  if (claims['ver'] !== CHAIN_VERSION) throw refuse('broken_chain', 'a link of the chain has another ver', 'ver')
  for (const name of ['iss', 'sub', 'jti']) {
    const value = own(claims, name)
    if (value !== undefined && typeof value !== 'string') throw invalidClaim(name, 'a string')
  }
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = own(claims, name)
    if (value !== undefined && typeof value !== 'number') throw invalidClaim(name, 'a number')
  }
  const { scopes, selectors } = parseScopes(claims['scope'] as string)
  const audience = parseAudience(claims['aud'] as JsonValue)
  if (audience.length === 0) throw invalidClaim('aud', 'a name or a list of names')
  return { token, scopes, selectors, audience, childKey: readChildKey(header) }
}

/** Reads a `cwk`. A private key in it would let every reader of the token derive from it. */
function readChildKey(header: JsonObject): UsableJwk | undefined {
  const cwk = own(header, 'cwk')
  if (cwk === undefined) return undefined
  if (hasPrivateMembers(cwk)) throw refuse('broken_chain', 'the cwk of a link is a private key', 'cwk')
  const checked = checkPublicJwk(cwk, false)
  if ('why' in checked) throw refuse(checked.code, `the cwk of a link is not used: ${checked.why}`, 'cwk')
  return checked
}

function checkBase({ token: { claims }, childKey }: ChainLink): void {
  if (!childKey) throw refuse('broken_chain', 'the base token names no key for its children', 'cwk', 'missing')
  // Chains follow the rules of scitoken:2.0. A link that drops its capabilities must not fall back to its groups.
  for (const name of ['wlcg.ver', 'wlcg.groups']) {
    if (Object.hasOwn(claims, name)) throw refuse('profile_mismatch', `a token chain cannot carry ${name}`, name)
  }
}

/** Judges a child against its parent: whatever it may not do is a widening. Throws `broken_chain`, `widened_chain`. */
function checkChild(parent: ChainLink, child: ChainLink): void {
  if (!parent.childKey) throw refuse('broken_chain', 'a leaf has no children', 'cwk', 'missing')
  const before = parent.token.claims
  const after = child.token.claims
  for (const name of Object.keys(after)) checkClaim(name, own(before, name), after[name]!)
  for (const name of ['sub', 'nbf', 'jti']) {
    if (Object.hasOwn(before, name) && !Object.hasOwn(after, name)) throw widened(`leaves out ${name}`, name)
  }
  checkScope(parent, child)
  checkAudience(parent, child.audience)
}

/**
 * Throws `widened_chain` where a scope names something that the parent does not have. By the same name only: in chains, as in
 * `scitoken:2.0`, no authorization includes another, so a parent would not allow what `covers` says it includes.
 */
export function checkScope(parent: ChainLink, { scopes, selectors }: ScopeClaim): void {
  // An index, as both lists may be long, and their holder's choice.
  const granted = new PermissionIndex(parent.scopes, { profile: CHAIN_PROFILE })
  const known = new Set(parent.selectors)
  const isWithin =
    scopes.every(({ authz, path, hasPath }) => granted.find({ authz, path: hasPath ? path : undefined })) &&
    selectors.every((item) => known.has(item))
  if (!isWithin) throw widened('has an authorization of its own', 'scope')
}

/** Throws `widened_chain` where an audience is not one of the parent's. A token for everyone may become one for anyone. */
export function checkAudience(parent: ChainLink, audience: readonly string[]): void {
  const known = new Set(parent.audience)
  if (!known.has(ANY_AUDIENCE) && !audience.every((name) => known.has(name))) {
    throw widened('is meant for other servers', 'aud')
  }
}

/** Judges one claim of a child; `scope` and `aud` need the whole link and are judged there. */
export function checkClaim(name: string, before: JsonValue | undefined, after: JsonValue): void {
  if (before === undefined) throw widened(`has the claim ${quote(name)}, which its parent lacks`, name)
  if (name === 'exp' && !((after as number) <= (before as number))) throw widened('lives longer', name)
  if (name === 'nbf' && !((after as number) >= (before as number))) throw widened('begins earlier', name)
  if (!MAY_DIFFER.has(name) && !isSame(before, after)) throw widened(`has another ${quote(name)}`, name)
}

/**
 * What the end of a chain says, all links together: what a child leaves out holds as its parent has it. As each link lies
 * within its parent, the last scope is the intersection, the last `exp` the earliest and the last `nbf` the latest. `iat` is the
 * base's: it tells when the issuer vouched for these rights, and limits on age and lifetime count from there.
 */
export function effectiveClaims(links: readonly ChainLink[]): JsonObject {
  const claims: JsonObject = Object.fromEntries(links.flatMap(({ token }) => Object.entries(token.claims)))
  return { ...claims, iat: links[0]!.token.claims['iat']!, ver: profileRules(CHAIN_PROFILE).version!.written! }
}

function isSame(a: JsonValue, b: JsonValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as JsonObject
  const right = b as JsonObject
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(left[name]!, right[name]!))
  )
}

/** The public members of a key, as a `cwk` carries them. */
export function bareJwk({ kty, crv, x, y, n, e }: Jwk): Jwk {
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined))
}

function invalidClaim(claim: string, expected: string): TokenNotAcceptableError {
  return refuse('invalid_claim', `${claim} of a link must be ${expected}`, claim, 'invalid')
}

function widened(what: string, claim: string): TokenNotAcceptableError {
  return refuse('widened_chain', `a derived token ${what}: it can only restrict`, claim)
}

function refuse(
  code: CodeOf<'not_acceptable'>,
  message: string,
  claim?: string,
  reason: ErrorReason = 'invalid',
): TokenNotAcceptableError {
  return new TokenNotAcceptableError(code, message, { reason, ...given({ claim }) })
}
