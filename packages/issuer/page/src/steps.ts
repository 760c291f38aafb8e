import type { ErrorCode } from '@scitokens/core'
import type { Decision } from '@scitokens/enforcer'

/** What a service does with a request, in this order. */
const STEPS: readonly (readonly [title: string, codes: readonly ErrorCode[]])[] = [
  ['The question makes sense', ['invalid_request', 'config_error', 'insecure_url']],
  [
    'It is a token, and its algorithm is one of ours',
    [
      'malformed_token',
      'too_large',
      'unsupported_alg',
      'broken_chain',
      'widened_chain',
      'parent_not_accepted',
      'chain_not_accepted',
    ],
  ],
  ['Its issuer is trusted', ['untrusted_issuer']],
  ['The signature is the issuer’s', ['key_not_found', 'bad_signature', 'weak_key', 'unsupported_key']],
  [
    'Its claims are understood',
    [
      'missing_claim',
      'invalid_claim',
      'unknown_claim',
      'unsupported_version',
      'profile_mismatch',
      'invalid_scope',
      'lifetime_too_long',
    ],
  ],
  ['It is meant for this service', ['aud_mismatch']],
  ['It is valid now', ['expired', 'not_yet_valid', 'revoked']],
  ['One of its rights covers the request', ['scope_denied', 'group_denied']],
]

/** A step and how it went; after the one that failed nothing is looked at any more. */
export interface Step {
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'not reached'
}

/** How a decision came about, step by step. */
export function stepsOf(decision: Pick<Decision, 'allowed'> & { readonly code?: ErrorCode }): readonly Step[] {
  const { allowed, code } = decision
  const failed = allowed ? STEPS.length : STEPS.findIndex(([, codes]) => code !== undefined && codes.includes(code))
  return STEPS.map(([title], index) => ({
    title,
    outcome: failed === -1 || index > failed ? 'not reached' : index === failed ? 'failed' : 'passed',
  }))
}
