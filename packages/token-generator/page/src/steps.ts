import type { ErrorCode, SciTokenError } from '@scitokens/core'

/** What a service does with a request, in this order. */
const STEPS = {
  question: 'The question makes sense',
  form: 'It is a token, and its algorithm is one of ours',
  issuer: 'Its issuer is trusted',
  version: 'Its version is known',
  signature: 'The signature is the issuer’s',
  claims: 'Its claims are understood',
  audience: 'It is meant for this service',
  times: 'It is valid now',
  right: 'One of its rights covers the request',
} as const

type StepName = keyof typeof STEPS

const CODES: Readonly<Partial<Record<ErrorCode, StepName>>> = {
  invalid_request: 'question',
  config_error: 'question',
  insecure_url: 'question',
  malformed_token: 'form',
  too_large: 'form',
  unsupported_alg: 'form',
  broken_chain: 'form',
  parent_not_accepted: 'form',
  chain_not_accepted: 'form',
  untrusted_issuer: 'issuer',
  unsupported_version: 'version',
  profile_mismatch: 'version',
  key_not_found: 'signature',
  bad_signature: 'signature',
  weak_key: 'signature',
  unsupported_key: 'signature',
  missing_claim: 'claims',
  invalid_claim: 'claims',
  unknown_claim: 'claims',
  proof_missing: 'claims',
  invalid_scope: 'claims',
  widened_chain: 'claims',
  lifetime_too_long: 'claims',
  aud_mismatch: 'audience',
  expired: 'times',
  not_yet_valid: 'times',
  revoked: 'times',
  scope_denied: 'right',
  group_denied: 'right',
}

/** Claims that are read before the signature is looked at: without them it is not known whose it should be. */
const READ_BEFORE: Readonly<Record<string, StepName>> = { iss: 'issuer', ver: 'version', 'wlcg.ver': 'version' }

/** Why a token was refused. */
export type Refusal = Pick<SciTokenError, 'code' | 'claim'>

/** A step and how it went; after the one that failed nothing is looked at any more. */
export interface Step {
  readonly name: StepName
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'not reached'
}

/**
 * How a decision came about, step by step.
 *
 * @param refusal - undefined for a yes.
 * @param isChain - of a chain, only the issuer is read before a signature is looked at.
 */
export function stepsOf(refusal: Refusal | undefined, isChain: boolean): readonly Step[] {
  const names = Object.keys(STEPS) as StepName[]
  const failed = refusal && failedStep(refusal, isChain)
  const at = failed === undefined ? names.length : names.indexOf(failed)
  return names.map((name, index) => ({
    name,
    title: STEPS[name],
    outcome: index < at ? 'passed' : index === at ? 'failed' : 'not reached',
  }))
}

function failedStep({ code, claim }: Refusal, isChain: boolean): StepName {
  // A link whose form is wrong names what is wrong in it; one that was not signed by its parent's key names nothing.
  if (code === 'broken_chain' && claim === undefined) return 'signature'
  const step = CODES[code] ?? 'question'
  if (step !== 'claims' || code === 'widened_chain' || claim === undefined) return step
  const before = READ_BEFORE[claim]
  return before === undefined || (isChain && before !== 'issuer') ? step : before
}
