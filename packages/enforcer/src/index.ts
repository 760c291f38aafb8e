// Table of contents of `@scitokens/enforcer`.
export type { ClaimContext, ClaimValidator, ClaimValidatorOptions } from './validation/claim-validator.ts'
export type { Allowed, Decision, Refused } from './decision/decision.ts'
export { type CallOptions, Enforcer } from './enforcement/enforcer.ts'
export type { IssuerOptions } from './issuers/issuer-options.ts'
export type { EnforcerOptions } from './enforcement/enforcer-options.ts'
export type { AuthorizationQuestion, OperationQuestion } from './decision/question.ts'
export {
  DenyList,
  type Revocation,
  type RevocationList,
  type RevocationQuestion,
} from './validation/revocation.ts'
export type { MappingQuestion, NameRule, SubjectMapping } from './issuers/subject-mapping.ts'
export { type AclEntry, ValidatedToken } from './decision/validated-token.ts'
export type { ValidatedClaims } from './validation/standard-claims.ts'
export type { ValidationOptions } from './validation/validation-options.ts'
export { Validator, type ValidatorOptions } from './validation/validator.ts'
export type { VerdictCacheOptions } from './verdicts/verdict-cache.ts'
