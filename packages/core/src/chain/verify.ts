import { CHAIN_PROFILE } from '../claims/profile-rules.ts'
import { DEFAULT_ALGORITHMS } from '../jose/algorithms.ts'
import { type ChainLink, effectiveClaims, judgeLink, readLink } from './chain.ts'
import {
  type ChainLimits,
  checkIssuer,
  checkSignature,
  issuerOf,
  keySetOf,
  type VerifiedToken,
  type VerifyOptions,
} from '../token/verification.ts'
import { checkDepth, splitLinks, parentOf, readLinkClaims } from './link.ts'
import {
  type CheckedHeader,
  checkHeader,
  checkTokenLength,
  type SplitToken,
  own,
  signatureOf,
  withClaims,
} from '../jose/compact.ts'
import { TokenNotAcceptableError } from '../errors.ts'
import { deepFreeze } from '../jose/json.ts'
import { type KeySet, VerificationKey } from '../keys/key-set.ts'
import type { UsableJwk } from '../keys/public-jwk.ts'
import { importVerificationKey } from '#signature'

/**
 * Verifies a token chain as a whole: from the outside in to the issuer's key, and from there outwards. What anybody can write
 * costs no more than reading it once. Only a leaf is accepted.
 *
 * 1. The leaf says who its issuer is. A chain of an issuer that is not known here costs what an ordinary token does: one header
 *    and one claims set, however deep it is.
 * 2. The headers of the other links are read, within the limits, down to the base, which names the issuer's key.
 * 3. From the base on, the signature of each link is checked before a word of it is read; then it is judged against its parent.
 *
 * The result reads like one token of `scitoken:2.0` with the effective claims; `links` has the claims of every link.
 */
export async function verifyChain(
  leaf: SplitToken,
  options: VerifyOptions,
  limits: ChainLimits,
): Promise<VerifiedToken> {
  checkDepth(limits)
  if (limits.maxLength !== undefined) {
    checkTokenLength(leaf.signed.length + 1 + leaf.signature.length, limits.maxLength)
  }
  parentOf(leaf)
  if (Object.hasOwn(leaf.header, 'cwk')) {
    throw new TokenNotAcceptableError(
      'parent_not_accepted',
      'a token that others can be derived from is not accepted by itself: derive a leaf and send that',
      { claim: 'cwk' },
    )
  }
  const algorithms = options.algorithms ?? DEFAULT_ALGORITHMS
  const check = ({ header }: SplitToken): CheckedHeader => checkHeader(header, algorithms, ['cwk', 'pwt'])
  check(leaf)
  const issuer = issuerOf(readLinkClaims(leaf))
  if (options.issuers) checkIssuer(issuer, options)
  // Without a list, whoever has the keys knows whose tokens are wanted.
  else await keySetOf(issuer, undefined, options)

  const split = splitLinks(leaf, limits)
  const headers = split.map(check)
  const keySet = await keySetOf(issuer, kidOf(headers[0]!), options)
  const links: ChainLink[] = []
  for (const [index, token] of split.entries()) {
    const parent = links.at(-1)
    const { alg } = headers[index]!
    // oxlint-disable-next-line no-await-in-loop -- each link is vouched for by the one before it
    await (parent ? checkChildSignature(token, alg, parent) : checkBaseSignature(token, headers[0]!, keySet))
    const link = readLink(withClaims(token, readLinkClaims(token)))
    // The issuer was the leaf's word until here: no link may name another than its parent, and so than the base.
    judgeLink(parent, link)
    links.push(link)
  }
  const { pwt: _pwt, ...header } = leaf.header
  return {
    header: deepFreeze(header),
    claims: deepFreeze(effectiveClaims(links)),
    issuer,
    profile: CHAIN_PROFILE,
    keySet,
    links: links.map(({ token }) => token.claims),
  }
}

function kidOf({ kid }: CheckedHeader): string {
  if (kid !== undefined) return kid
  throw new TokenNotAcceptableError('key_not_found', 'the base token does not name its key', {
    reason: 'missing',
    claim: 'kid',
  })
}

async function checkBaseSignature(base: SplitToken, header: CheckedHeader, keySet: KeySet): Promise<void> {
  await checkSignature(signatureOf(base), header, keySet)
}

async function checkChildSignature(
  token: SplitToken,
  alg: Parameters<VerificationKey['verify']>[0],
  { childKey }: ChainLink,
): Promise<void> {
  if (!childKey) {
    throw new TokenNotAcceptableError('broken_chain', 'a leaf has no children', { reason: 'missing', claim: 'cwk' })
  }
  const kid = own(token.header, 'kid')
  if (kid !== undefined && kid !== childKey.kid) throw foreignKey()
  const key = await importChildKey(childKey)
  const { signingInput, signature } = signatureOf(token)
  if (!(await key.verify(alg, signingInput, signature))) throw foreignKey()
}

async function importChildKey(childKey: UsableJwk): Promise<VerificationKey> {
  try {
    return new VerificationKey(childKey, await importVerificationKey(childKey.jwk, childKey.algorithms[0]!))
  } catch {
    throw new TokenNotAcceptableError('unsupported_key', 'the cwk of a link is not a key of its type', { claim: 'cwk' })
  }
}

function foreignKey(): TokenNotAcceptableError {
  return new TokenNotAcceptableError('broken_chain', 'a link was not signed with the key that its parent names', {
    reason: 'mismatch',
  })
}
