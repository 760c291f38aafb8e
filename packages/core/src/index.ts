// Table of contents of `@scitokens/core`: what makers, readers and verifiers of tokens need. What only packages of this project need of each
// other stands in internal.ts.

// Tokens: make, verify, read, derive.
export { SciToken, type SciTokenOptions, type SerializeOptions } from './token.ts'
export { verifyToken } from './verify.ts'
export { type ChainLimits, tokenIds, type VerifiedToken, type VerifyOptions } from './token/verification.ts'
export { type SignOptions, signToken } from './token/sign.ts'
export { decodeUnverified, UnverifiedToken } from './decode.ts'
export { attenuate, type AttenuateOptions } from './attenuate.ts'
export { type BaseTokenOptions, signBaseToken } from './chain/sign.ts'
export { joinKeyedToken, type KeyedToken, splitKeyedToken } from './chain/parent.ts'

// Keys: to sign with, and to verify with.
export type { KeyObjectLike, SigningKeyOptions } from './keys/key-forms.ts'
export { type Signer, SigningKey, type SigningKeyInput } from './keys/signing-key.ts'
export { type DroppedKey, KeySet, type KeySetOptions, VerificationKey } from './keys/key-set.ts'
export type { KeyHint, KeySource } from './keys/key-source.ts'
export { publicJwkFromPem } from './keys/pem.ts'
export { StaticKeys } from './keys/static-keys.ts'
export { thumbprint } from './jose/thumbprint.ts'
export type { Algorithm } from './jose/algorithms.ts'
export type { JsonObject, JsonValue } from './jose/json.ts'
export type { Jwk, Jwks } from './jose/jwk.ts'

// Claims: profiles, audiences, scopes and paths, and what they allow.
export { ANY_AUDIENCE, type ProfileName, PROFILES, WLCG_ANY_AUDIENCE } from './claims/profile-rules.ts'
export { covers, formatScope, parseScope, type Scope, type ScopeOptions } from './claims/scope.ts'
export { formatScopes, intersectScopes, minimalScopes, parseScopes, type ScopeClaim } from './claims/scopes.ts'
export {
  coversPath,
  encodeScopePath,
  type Path,
  parseRequestPath,
  parseScopePath,
  type RequestPathOptions,
} from './claims/paths.ts'
export { type CapabilityOptions, findPermission, type Question } from './claims/capabilities.ts'
export {
  findOperationPermission,
  type OperationRequest,
  STORAGE_OPERATIONS,
  type StorageOperation,
} from './claims/operations.ts'

// Errors. Their codes as a whole, since packages that add codes of their own merge them into the interface `ErrorFamilies`: TypeScript does
// not reach it otherwise.
export * from './error-codes.ts'
export {
  ConfigError,
  type ErrorEvidence,
  type ErrorReason,
  InvalidRequestError,
  NotAllowedError,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
} from './errors.ts'
export { redactSecrets } from './text/redact.ts'
export { type Clock, systemClock } from './clock.ts'
