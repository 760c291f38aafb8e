// Table of contents of `@scitokens/core`.
export { type Algorithm, DEFAULT_ALGORITHMS, isAlgorithm, checkAlgorithms } from './jose/algorithms.ts'
export { attenuate, type AttenuateOptions } from './attenuate.ts'
export {
  ANY_AUDIENCE,
  WLCG_ANY_AUDIENCE,
  audienceMatches,
  checkOwnAudiences,
  parseAudience,
} from './claims/audience.ts'
export {
  authorizationMode,
  type CapabilityOptions,
  checkQuestion,
  findGrant,
  type Question,
} from './claims/capabilities.ts'
export {
  type ChainLimits,
  issuerOf,
  keySetOf,
  tokenIds,
  type VerifiedToken,
  type VerifyOptions,
} from './token/verification.ts'
export { DEFAULT_MAX_CHAIN_DEPTH } from './chain/link.ts'
export { joinKeyedToken, type KeyedToken, splitKeyedToken } from './chain/parent.ts'
export { type BaseTokenOptions, signBaseToken } from './chain/sign.ts'
export { type Clock, systemClock } from './clock.ts'
export { DEFAULT_MAX_TOKEN_LENGTH, own } from './jose/compact.ts'
export { decodeUnverified, UnverifiedToken } from './decode.ts'
// As a whole, since packages that add codes of their own merge them into the interface `ErrorFamilies`: TypeScript does not reach it otherwise.
export * from './error-codes.ts'
export {
  ConfigError,
  type ErrorEvidence,
  type ErrorReason,
  InvalidRequestError,
  NotAllowedError,
  quote,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
} from './errors.ts'
export { GrantIndex } from './claims/grant-index.ts'
export { isGroupName, parseGroups } from './claims/groups.ts'
export { checkIssuerIdentifier, type IssuerIdentifierOptions } from './claims/issuer-identifier.ts'
export { isLoopbackHost } from './internal/urls.ts'
export { isJsonValue, type JsonObject, type JsonValue, parseJsonObject, toJsonValue } from './jose/json.ts'
export type { Jwk, Jwks } from './jose/jwk.ts'
export { type DroppedKey, KeySet, type KeySetOptions, VerificationKey } from './keys/key-set.ts'
export type { KeyObjectLike, SigningKeyOptions } from './keys/key-forms.ts'
export type { KeyHint, KeySource } from './keys/key-source.ts'
export {
  authorizationsFor,
  findOperationGrant,
  type OperationRequest,
  STORAGE_OPERATIONS,
  type StorageOperation,
} from './claims/operations.ts'
export {
  coversPath,
  encodeScopePath,
  intersectPaths,
  joinPath,
  parseRequestPath,
  parseScopePath,
  type Path,
  relativePath,
  type RequestPathOptions,
  ROOT,
  withoutTrailingSlash,
} from './claims/paths.ts'
export { publicJwkFromPem } from './keys/pem.ts'
export { checkProfiles, type ProfileName, PROFILES, type ProfileRules, profileRules } from './claims/profiles.ts'
export { redactSecrets } from './text/redact.ts'
export {
  coveredByAny,
  formatScopes,
  intersectScopes,
  minimalScopes,
  normalizeScopeClaim,
  parseScopes,
  type ScopeClaim,
} from './claims/scopes.ts'
export {
  covers,
  formatScope,
  includesAuthz,
  needsPath,
  parseScope,
  type Scope,
  type ScopeOptions,
} from './claims/scope.ts'
export { type SignOptions, signToken } from './token/sign.ts'
export { type Signer, SigningKey, type SigningKeyInput } from './keys/signing-key.ts'
export { StaticKeys } from './keys/static-keys.ts'
export { thumbprint } from './jose/thumbprint.ts'
export { SciToken, type SciTokenOptions, type SerializeOptions } from './token.ts'
export { verifyToken } from './verify.ts'
