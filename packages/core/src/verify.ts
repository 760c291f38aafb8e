import { type Algorithm, DEFAULT_ALGORITHMS } from './algorithms.ts'
import { type CheckedHeader, type CompactToken, checkHeader, own, parseCompact } from './compact.ts'
import { quote, SciTokenError, TokenNotAcceptableError, UndecidedError } from './errors.ts'
import type { JsonObject } from './json.ts'
import type { KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { detectProfile, type ProfileName, profileRules } from './profiles.ts'

/** Options of {@link verifyToken}. */
export interface VerifyOptions {
  /** Where issuers' keys come from. */
  readonly keys: KeySource
  /** Trusted issuers, compared byte for byte before any key is asked for. Default: whatever `keys` serves. */
  readonly issuers?: readonly string[]
  /** Default: ES256 and RS256. */
  readonly algorithms?: readonly Algorithm[]
  /** Refuse a token whose header names no key. Default: false; WLCG tokens must name it always. */
  readonly requireKid?: boolean
  /** In characters. Default: 65 536. */
  readonly maxLength?: number
  /** Ends the wait for keys with `aborted`. */
  readonly signal?: AbortSignal
}

/** A token whose signature is the issuer's. Its claims are authentic; whether they hold here and now is not yet known. */
export interface VerifiedToken {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly issuer: string
  readonly profile: ProfileName
  /** The key set that vouched for it: once the source gives another, the verdict is void. */
  readonly keySet: KeySet
}

/**
 * Verifies that a token is authentic: format, algorithm, issuer, key and signature, in this order, so that nothing is
 * fetched for a token that cannot be good. Times, audience and scope are the Validator's and Enforcer's matter.
 *
 * Throws {@link TokenNotAcceptableError} for a token that is not acceptable, {@link UndecidedError} where keys cannot be had,
 * and nothing else.
 */
export async function verifyToken(text: string, options: VerifyOptions): Promise<VerifiedToken> {
  const token = parseCompact(text, options.maxLength)
  const header = checkHeader(token.header, options.algorithms ?? DEFAULT_ALGORITHMS)
  const issuer = issuerOf(token.claims)
  if (options.issuers && !options.issuers.includes(issuer)) throw untrusted(issuer)
  const profile = detectProfile(header.typ, token.claims)
  if (header.kid === undefined && (options.requireKid || profileRules(profile).kidRequired)) {
    throw new TokenNotAcceptableError('key_not_found', 'the token does not name its key', {
      reason: 'missing',
      claim: 'kid',
    })
  }
  const keySet = await keySetOf(issuer, header.kid, options)
  await checkSignature(token, header, keySet)
  return { header: token.header, claims: token.claims, issuer, profile, keySet }
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
export function untrusted(issuer: string): TokenNotAcceptableError {
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
  try {
    const answer = keys.getKeySet(issuer, signal ? { kid, signal } : { kid })
    return answer instanceof Promise ? answer.catch((error: unknown) => failed(issuer, error)) : answer
  } catch (error) {
    return failed(issuer, error)
  }
}

function failed(issuer: string, error: unknown): never {
  if (error instanceof SciTokenError) throw error
  throw new UndecidedError('undecided', `the keys of the issuer ${quote(issuer)} could not be had`, {
    issuer,
    cause: error,
  })
}

async function checkSignature(token: CompactToken, { alg, kid }: CheckedHeader, keySet: KeySet): Promise<void> {
  for (const key of keySet.candidates(alg, kid)) {
    const answer = key.verify(alg, token.signingInput, token.signature)
    // oxlint-disable-next-line no-await-in-loop -- as a rule there is one candidate
    if (typeof answer === 'boolean' ? answer : await answer) return
  }
  throw new TokenNotAcceptableError('bad_signature', "the signature is not the issuer's", { reason: 'mismatch' })
}
