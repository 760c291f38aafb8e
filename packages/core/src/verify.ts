import { checkAlgorithms, DEFAULT_ALGORITHMS } from './jose/algorithms.ts'
import { isChainLink } from './chain/link.ts'
import { verifyChain } from './chain/verify.ts'
import { type CheckedHeader, checkHeader, splitCompact, readOrdinary } from './jose/compact.ts'
import { ConfigError, TokenNotAcceptableError } from './errors.ts'
import type { JsonObject } from './jose/json.ts'
import { detectProfile } from './claims/profiles.ts'
import { profileRules } from './claims/profile-rules.ts'
import {
  checkIssuer,
  checkSignature,
  issuerOf,
  keySetOf,
  type VerifiedToken,
  type VerifyOptions,
} from './token/verification.ts'

/**
 * Verifies that a token is authentic: format, algorithm, issuer, key and signature, in this order, so that nothing is
 * fetched for a token that cannot be good. Times, audience and scope are the Validator's and Enforcer's matter.
 *
 * Throws {@link TokenNotAcceptableError} for a token that is not acceptable, {@link UndecidedError} where keys cannot be had,
 * and nothing else.
 */
export async function verifyToken(text: string, options: VerifyOptions): Promise<VerifiedToken> {
  if (typeof options?.keys?.getKeySet !== 'function') throw new ConfigError('config_error', 'no key source was given')
  const algorithms = options.algorithms ? checkAlgorithms(options.algorithms) : DEFAULT_ALGORITHMS
  const split = splitCompact(text, options.maxLength)
  const known = ORDINARY.get(split.header)
  if (!known && isChainLink(split.header)) {
    const { chains } = options
    if (chains) return verifyChain(split, options, chains === true ? {} : chains)
    throw new TokenNotAcceptableError(
      'chain_not_accepted',
      'this is a link of a token chain, and chains are not accepted here',
    )
  }
  const token = readOrdinary(split)
  const header = known && algorithms.includes(known.alg) ? known : checkHeader(token.header, algorithms)
  if (!known) ORDINARY.set(token.header, header)
  const issuer = issuerOf(token.claims)
  checkIssuer(issuer, options)
  const profile = detectProfile(header.typ, token.claims)
  if (header.kid === undefined && (options.requireKid || profileRules(profile).kidRequired)) {
    throw new TokenNotAcceptableError('key_not_found', 'the token does not name its key', {
      reason: 'missing',
      claim: 'kid',
    })
  }
  // Keys that are at hand and a check that is done at once are not waited for.
  const found = keySetOf(issuer, header.kid, options)
  const keySet = found instanceof Promise ? await found : found
  const check = checkSignature(token, header, keySet)
  if (check) await check
  return { header: token.header, claims: token.claims, issuer, profile, keySet }
}

/**
 * Headers, frozen, that were found to be those of ordinary tokens: what they say does not depend on who asks, but for the
 * algorithms that are accepted. The parser gives the same object for the same text.
 */
const ORDINARY = new WeakMap<JsonObject, CheckedHeader>()
