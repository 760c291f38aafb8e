/**
 * Who has to act: the bearer (`not_acceptable`, `not_allowed`), the caller (`invalid_request`), the operator (`config`),
 * or nobody but time (`undecided`).
 */
export type ErrorFamily = 'not_acceptable' | 'not_allowed' | 'invalid_request' | 'undecided' | 'config'

/**
 * The codes of this package, each with who has to act where it is told of a token or of a decision. They are stable, and `docs/errors.md` has
 * a row for each. Whoever signs, derives or configures what a verifier would refuse is told by the verifier's code too, and then it is the
 * caller's mistake: `invalid_request` or `config`. No code is both "not acceptable" and "could not decide": the classes of errors take the
 * codes of their family alone.
 */
export const ERROR_FAMILIES = {
  // the token, as delivered
  malformed_token: 'not_acceptable',
  too_large: 'not_acceptable',
  unsupported_alg: 'not_acceptable',
  bad_signature: 'not_acceptable',
  key_not_found: 'not_acceptable',
  weak_key: 'not_acceptable',
  unsupported_key: 'not_acceptable',
  // its claims, here and now
  untrusted_issuer: 'not_acceptable',
  missing_claim: 'not_acceptable',
  invalid_claim: 'not_acceptable',
  unknown_claim: 'not_acceptable',
  unsupported_version: 'not_acceptable',
  profile_mismatch: 'not_acceptable',
  expired: 'not_acceptable',
  not_yet_valid: 'not_acceptable',
  lifetime_too_long: 'not_acceptable',
  aud_mismatch: 'not_acceptable',
  invalid_scope: 'not_acceptable',
  proof_missing: 'not_acceptable',
  revoked: 'not_acceptable',
  // chains
  chain_not_accepted: 'not_acceptable',
  parent_not_accepted: 'not_acceptable',
  broken_chain: 'not_acceptable',
  widened_chain: 'not_acceptable',
  // acceptable, but does not allow this
  scope_denied: 'not_allowed',
  group_denied: 'not_allowed',
  // the request or the caller's arguments
  no_credentials: 'invalid_request',
  invalid_request: 'invalid_request',
  // we could not decide
  issuer_unavailable: 'undecided',
  discovery_failed: 'undecided',
  aborted: 'undecided',
  undecided: 'undecided',
  // whoever set this up
  insecure_url: 'config',
  config_error: 'config',
} as const

/**
 * All codes and their families, by type. A package that has codes of its own adds them here, so that `switch (error.code)` is exhaustive for
 * whoever uses that package, and for nobody else:
 *
 * ```ts
 * declare module '@scitokens/core' {
 *   interface ErrorFamilies extends Readonly<typeof MY_ERROR_FAMILIES> {}
 * }
 * ```
 *
 * Only types are merged: no table is shared at run time, so several copies of this package may meet in one program.
 */
export interface ErrorFamilies extends Readonly<typeof ERROR_FAMILIES> {}

/** The stable code of an error: one of this package's, or of a package that is imported as well. */
export type ErrorCode = keyof ErrorFamilies

/** The codes of a family. */
export type CodeOf<Family extends ErrorFamily> = {
  [Code in ErrorCode]: ErrorFamilies[Code] extends Family ? Code : never
}[ErrorCode]

/** Codes of the caller's mistakes: those of the caller's own family, and of what the caller makes and nobody would accept. */
export type CallerCode<Family extends 'invalid_request' | 'config'> = CodeOf<Family | 'not_acceptable'>
