import { DEFAULT_ALGORITHMS } from './algorithms.ts'
import { type ChainLimits, type ChainLink, effectiveClaims, parseChain } from './chain.ts'
import { checkHeader, own } from './compact.ts'
import { TokenNotAcceptableError } from './errors.ts'
import { deepFreeze } from './json.ts'
import { VerificationKey } from './key-set.ts'
import type { UsableJwk } from './public-jwk.ts'
import {
  checkIssuer,
  checkSignature,
  issuerOf,
  keySetOf,
  type VerifiedToken,
  type VerifyOptions,
} from './verification.ts'
import { importVerificationKey } from '#signature'

/**
 * Verifies a token chain as a whole: structure and restrictions of every link first, then the base by the issuer's key, then
 * each child by the key that its parent names. Only a leaf is accepted.
 *
 * The result reads like one token of `scitoken:2.0` with the effective claims; `links` has the claims of every link.
 */
export async function verifyChain(text: string, options: VerifyOptions, limits: ChainLimits): Promise<VerifiedToken> {
  const maxLength = limits.maxLength ?? options.maxLength
  const links = parseChain(text, { ...limits, ...(maxLength === undefined ? {} : { maxLength }) })
  const [base, ...children] = links as [ChainLink, ...ChainLink[]]
  const leaf = links.at(-1)!
  if (leaf.childKey) {
    throw new TokenNotAcceptableError(
      'parent_not_accepted',
      'a token that others can be derived from is not accepted by itself: derive a leaf and send that',
      { claim: 'cwk' },
    )
  }
  const algorithms = options.algorithms ?? DEFAULT_ALGORITHMS
  const headers = links.map(({ token }) => checkHeader(token.header, algorithms, ['cwk', 'pwt']))
  const issuer = issuerOf(base.token.claims)
  checkIssuer(issuer, options)
  if (headers[0]!.kid === undefined) {
    throw new TokenNotAcceptableError('key_not_found', 'the base token does not name its key', {
      reason: 'missing',
      claim: 'kid',
    })
  }
  const keySet = await keySetOf(issuer, headers[0]!.kid, options)
  await checkSignature(base.token, headers[0]!, keySet)
  let signer = base.childKey!
  for (const [index, child] of children.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- each link is vouched for by the one before it
    await checkChildSignature(child, headers[index + 1]!.alg, signer)
    if (child.childKey) signer = child.childKey
  }
  const { pwt: _pwt, ...header } = leaf.token.header
  return {
    header: deepFreeze(header),
    claims: deepFreeze(effectiveClaims(links)),
    issuer,
    profile: 'scitoken:2.0',
    keySet,
    links: links.map(({ token }) => token.claims),
  }
}

async function checkChildSignature(
  { token }: ChainLink,
  alg: Parameters<VerificationKey['verify']>[0],
  signer: UsableJwk,
): Promise<void> {
  const kid = own(token.header, 'kid')
  if (kid !== undefined && kid !== signer.kid) throw foreignKey()
  let key: VerificationKey
  try {
    key = new VerificationKey(signer, await importVerificationKey(signer.jwk, signer.algorithms[0]!))
  } catch {
    throw new TokenNotAcceptableError('unsupported_key', 'the cwk of a link is not a key of its type', { claim: 'cwk' })
  }
  if (!(await key.verify(alg, token.signingInput, token.signature))) throw foreignKey()
}

function foreignKey(): TokenNotAcceptableError {
  return new TokenNotAcceptableError('broken_chain', 'a link was not signed with the key that its parent names', {
    reason: 'mismatch',
  })
}
