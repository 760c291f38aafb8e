// The steps of a verification, shared by ordinary tokens (verify.ts) and chains (chain/verify.ts).
import type { Algorithm } from '../jose/algorithms.ts'
import { type CheckedHeader, type CompactToken, own } from '../jose/compact.ts'
import { quote, SciTokenError, TokenNotAcceptableError, UndecidedError } from '../errors.ts'
import { waitFor } from '../internal/waiting.ts'
import type { JsonObject } from '../jose/json.ts'
import type { KeySet, VerificationKey } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import type { ProfileName } from '../claims/profile-rules.ts'

/** How much of a chain a relying party is willing to look at. */
export interface ChainLimits {
  /** The most links below the base token. Default: 8. */
  readonly maxDepth?: number
  /** The largest length of a whole chain, in characters. Default: `maxLength` of the verification, 65 536. */
  readonly maxLength?: number
}

/** Options of {@link verifyToken}. */
export interface VerifyOptions {
  /** Where issuers' keys come from. */
  readonly keys: KeySource
  /** Trusted issuers, compared byte for byte before any key is asked for. Default: whatever `keys` serves. */
  readonly issuers?: readonly string[]
  /** Algorithms that are accepted. Default: ES256 and RS256. */
  readonly algorithms?: readonly Algorithm[]
  /** Refuse a token whose header names no key. Default: false; WLCG tokens must name it always. */
  readonly requireKid?: boolean
  /** The largest length of a token that is looked at, in characters. Default: 65 536. */
  readonly maxLength?: number
  /** Ends the wait for keys with `aborted`. */
  readonly signal?: AbortSignal
  /** Accept the leaves of token chains, of this depth and size at most. Default: false. */
  readonly chains?: boolean | ChainLimits
}

/** A token whose signature is the issuer's. Its claims are authentic; whether they hold here and now is not yet known. */
export interface VerifiedToken {
  /** The protected header, frozen. */
  readonly header: JsonObject
  /** The claims, frozen. */
  readonly claims: JsonObject
  /** The issuer that signed it: its claim `iss`. */
  readonly issuer: string
  /** The profile whose rules it follows. */
  readonly profile: ProfileName
  /** The key set that vouched for it: once the source gives another, the verdict is void. */
  readonly keySet: KeySet
  /**
   * The claims of every link of a chain, from the base to the leaf; absent for a token that is no chain. `claims` has already
   * what all of them together allow, and the `iat` of the base; the `jti` of each must be asked for, as a revoked link ends the
   * chain. Groups among the claims give the holder of a chain nothing.
   */
  readonly links?: readonly JsonObject[]
}

/** Every `jti` by which a token can be revoked: its own, and those of the tokens it was derived from. */
export function tokenIds({ claims, links = [claims] }: Pick<VerifiedToken, 'claims' | 'links'>): readonly string[] {
  return links.map((link) => own(link, 'jti')).filter((jti) => typeof jti === 'string')
}

/** Refuses an issuer that is not on the list, before anything is asked about it. Throws `untrusted_issuer`. */
export function checkIssuer(issuer: string, { issuers }: Pick<VerifyOptions, 'issuers'>): void {
  if (issuers && !issuers.includes(issuer)) throw untrusted(issuer)
}

/** The `iss` of a claims set: one string. Throws `missing_claim`, `invalid_claim`. */
export function issuerOf(claims: JsonObject): string {
  const iss = own(claims, 'iss')
  if (typeof iss === 'string') return iss
  if (iss === undefined)
    throw new TokenNotAcceptableError('missing_claim', 'the claim iss is missing', { reason: 'missing', claim: 'iss' })
  throw new TokenNotAcceptableError('invalid_claim', 'iss must be a string', { reason: 'invalid', claim: 'iss' })
}

/** The refusal of an issuer that nobody here trusts. */
function untrusted(issuer: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('untrusted_issuer', `the issuer ${quote(issuer)} is not trusted here`, {
    reason: 'mismatch',
    claim: 'iss',
    issuer,
  })
}

/** Asks a key source, and keeps its failures within the two families. A source that answers at once costs no wait. */
export function keySetOf(
  issuer: string,
  kid: string | undefined,
  { keys, signal }: Pick<VerifyOptions, 'keys' | 'signal'>,
): KeySet | Promise<KeySet> {
  if (signal?.aborted) throw aborted(issuer, signal)
  try {
    const answer = keys.getKeySet(issuer, signal ? { kid, signal } : { kid })
    return isKeySet(answer) ? answer : awaitKeySet(issuer, answer, signal)
  } catch (error) {
    throw failed(issuer, error)
  }
}

async function awaitKeySet(issuer: string, answer: Promise<KeySet>, signal: AbortSignal | undefined): Promise<KeySet> {
  try {
    const keySet: unknown = await waitFor(
      () => answer,
      signal,
      () => aborted(issuer, signal!),
    )
    if (isKeySet(keySet)) return keySet
  } catch (error) {
    throw failed(issuer, error)
  }
  throw failed(issuer, new TypeError('the key source returned no key set'))
}

// Not by class: a key source may come with a copy of this package.
function isKeySet(value: unknown): value is KeySet {
  return typeof value === 'object' && value !== null && typeof (value as KeySet).candidates === 'function'
}

function aborted(issuer: string, signal: AbortSignal): UndecidedError {
  return new UndecidedError('aborted', `the wait for the keys of ${quote(issuer)} was ended`, {
    issuer,
    cause: signal.reason,
  })
}

function failed(issuer: string, error: unknown): SciTokenError {
  if (error instanceof SciTokenError) return error
  return new UndecidedError('undecided', `the keys of the issuer ${quote(issuer)} could not be had`, {
    issuer,
    cause: error,
  })
}

/** What a signature covers, and the signature. */
type SignedBytes = Pick<CompactToken, 'signingInput' | 'signature'>

/**
 * Checks a signature against the keys that may have made it; as a rule there is one, and it answers at once. Throws
 * `bad_signature`, `key_not_found`, `undecided`.
 */
export function checkSignature(
  token: SignedBytes,
  { alg, kid }: CheckedHeader,
  keySet: KeySet,
): undefined | Promise<undefined> {
  const keys = keySet.candidates(alg, kid)
  for (let at = 0; at < keys.length; at++) {
    const answer = ask(keys[at]!, alg, token)
    if (answer === true) return undefined
    if (answer !== false) return awaitSignature(answer, keys.slice(at + 1), alg, token)
  }
  throw badSignature()
}

async function awaitSignature(
  first: PromiseLike<unknown>,
  others: readonly VerificationKey[],
  alg: Algorithm,
  token: SignedBytes,
): Promise<undefined> {
  if (await yesOrNo(first)) return undefined
  for (const key of others) {
    const answer = ask(key, alg, token)
    // oxlint-disable-next-line no-await-in-loop -- as a rule there are none
    if (answer === true || (answer !== false && (await yesOrNo(answer)))) return undefined
  }
  throw badSignature()
}

/** A key may be somebody's own: whatever it says that is neither yes nor no proves nothing, however true it looks. */
function ask(key: VerificationKey, alg: Algorithm, token: SignedBytes): PromiseLike<unknown> | boolean {
  let answer: unknown
  try {
    answer = key.verify(alg, token.signingInput, token.signature)
  } catch (error) {
    return platformFailed(error)
  }
  if (typeof answer === 'boolean') return answer
  return isPromise(answer) ? answer : noAnswer()
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

async function yesOrNo(promise: PromiseLike<unknown>): Promise<boolean> {
  let answer: unknown
  try {
    answer = await promise
  } catch (error) {
    return platformFailed(error)
  }
  return typeof answer === 'boolean' ? answer : noAnswer()
}

function noAnswer(): never {
  throw new UndecidedError('undecided', 'the key did not say whether the signature is right')
}

function platformFailed(cause: unknown): never {
  throw new UndecidedError('undecided', 'the platform could not check the signature', { cause })
}

function badSignature(): TokenNotAcceptableError {
  return new TokenNotAcceptableError('bad_signature', "the signature is not the issuer's", { reason: 'mismatch' })
}
