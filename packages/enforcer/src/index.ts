// Table of contents of `@scitokens/enforcer`.
export type { ClaimContext, ClaimValidator, ClaimValidatorOptions } from './claim-validator.ts'
export type { Allowed, Decision, Refused } from './decision.ts'
export { type CallOptions, Enforcer } from './enforcer.ts'
export type { IssuerOptions } from './issuer-options.ts'
export type { EnforcerOptions } from './options.ts'
export type { AuthorizationQuestion, OperationQuestion } from './question.ts'
export {
  DenyList,
  type Revocation,
  type RevocationList,
  type RevocationQuestion,
} from './revocation.ts'
export type { MappingQuestion, NameRule, SubjectMapping } from './subject-mapping.ts'
export { type AclEntry, ValidatedToken } from './validated-token.ts'
export type { ValidatedClaims } from './standard-claims.ts'
export type { ValidationOptions } from './validation-options.ts'
export { Validator, type ValidatorOptions } from './validator.ts'
export type { VerdictCacheOptions } from './verdict-cache.ts'
