// Table of contents of `@scitokens/core`.
export { type Algorithm, DEFAULT_ALGORITHMS, isAlgorithm, checkAlgorithms } from './algorithms.ts'
export { attenuate, type AttenuateOptions } from './attenuate.ts'
export { ANY_AUDIENCE, WLCG_ANY_AUDIENCE, audienceMatches, checkOwnAudiences, parseAudience } from './audience.ts'
export {
  authorizationMode,
  type CapabilityOptions,
  checkQuestion,
  findGrant,
  type Question,
} from './capabilities.ts'
export { type ChainLimits, DEFAULT_MAX_CHAIN_DEPTH } from './chain-format.ts'
export { joinKeyedToken, type KeyedToken, splitKeyedToken } from './chain-parent.ts'
export { type BaseTokenOptions, signBaseToken } from './chain-sign.ts'
export { type Clock, systemClock } from './clock.ts'
export { DEFAULT_MAX_TOKEN_LENGTH, own } from './compact.ts'
export { decodeUnverified, UnverifiedToken } from './decode.ts'
export {
  type CallerCode,
  type CodeOf,
  ConfigError,
  ERROR_CODES,
  ERROR_FAMILIES,
  type ErrorCode,
  type ErrorEvidence,
  type ErrorFamily,
  type ErrorReason,
  InvalidRequestError,
  NotAllowedError,
  quote,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
} from './errors.ts'
export { GrantIndex } from './grant-index.ts'
export { isGroupName, parseGroups } from './groups.ts'
export { checkIssuerIdentifier, isLoopbackHost, type IssuerIdentifierOptions } from './issuer-identifier.ts'
export { isJsonValue, type JsonObject, type JsonValue, parseJsonObject, toJsonValue } from './json.ts'
export type { Jwk, Jwks } from './jwk.ts'
export { type DroppedKey, KeySet, type KeySetOptions, VerificationKey } from './key-set.ts'
export type { KeyObjectLike, SigningKeyOptions } from './key-forms.ts'
export type { KeyHint, KeySource } from './key-source.ts'
export {
  authorizationsFor,
  findOperationGrant,
  type OperationRequest,
  STORAGE_OPERATIONS,
  type StorageOperation,
} from './operations.ts'
export {
  covers as coversPath,
  encodeScopePath,
  intersectPaths,
  joinPath,
  type Path,
  parseRequestPath,
  parseScopePath,
  relativePath,
  type RequestPathOptions,
  ROOT,
  withoutTrailingSlash,
} from './paths.ts'
export { publicJwkFromPem } from './pem.ts'
export { checkProfiles, type ProfileName, PROFILES, type ProfileRules, profileRules } from './profiles.ts'
export { redactSecrets } from './internal/redact.ts'
export {
  coveredByAny,
  covers,
  formatScope,
  formatScopes,
  includesAuthz,
  intersectScopes,
  minimalScopes,
  needsPath,
  normalizeScopeClaim,
  parseScope,
  parseScopes,
  type Scope,
  type ScopeClaim,
  type ScopeOptions,
} from './scopes.ts'
export { type SignOptions, signToken } from './sign.ts'
export { type Signer, SigningKey, type SigningKeyInput } from './signing-key.ts'
export { StaticKeys } from './static-keys.ts'
export { thumbprint } from './thumbprint.ts'
export { SciToken, type SciTokenOptions, type SerializeOptions } from './token.ts'
export { issuerOf, keySetOf, tokenIds, type VerifiedToken, type VerifyOptions } from './verification.ts'
export { verifyToken } from './verify.ts'
