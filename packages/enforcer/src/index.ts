// Table of contents of `@scitokens/enforcer`.
export type { Allowed, Decision, Refused } from './decision.ts'
export { type CallOptions, Enforcer } from './enforcer.ts'
export type { EnforcerOptions, IssuerOptions, ValidationOptions } from './options.ts'
export {
  DenyList,
  type Revocation,
  type RevocationList,
  type RevocationQuestion,
} from './revocation.ts'
export type { MappingQuestion, NameRule, SubjectMapping } from './subject-mapping.ts'
export { type AclEntry, type AuthorizationQuestion, type OperationQuestion, ValidatedToken } from './validated-token.ts'
export {
  type ClaimContext,
  type ClaimValidator,
  type ClaimValidatorOptions,
  type ValidatedClaims,
  Validator,
  type ValidatorOptions,
} from './validator.ts'
export type { VerdictCacheOptions } from './verdict-cache.ts'
