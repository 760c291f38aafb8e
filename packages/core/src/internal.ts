// Table of contents of `@scitokens/core/internal`: what is pure and several packages of this project need of each other. It may change with
// any release, so nothing outside of the project should use it.

// Options, and small things of the language.
export {
  anything,
  callable,
  choice,
  flag,
  having,
  listOf,
  nearestName,
  nested,
  number,
  oneOrMore,
  type OptionReaders,
  type Reader,
  readOptions,
  recordOf,
  text,
  unknownNameAdvice,
  whole,
  wrong,
} from './internal/options.ts'
export { type Given, given } from './internal/given.ts'
export { isJsonValue, parseJsonObject } from './jose/json.ts'
export { DEFAULT_MAX_TOKEN_LENGTH, own } from './jose/compact.ts'

// Bounds, failures and waiting.
export { BoundedMap, type BoundedMapLimits } from './internal/bounded-map.ts'
export { type Counted, WindowCounter, type WindowCounterOptions } from './internal/window-counter.ts'
export { backOff, type BackOffLimits, isWaiting, type Random } from './internal/back-off.ts'
export { formatRetryAfter, readRetryAfter } from './internal/retry-after.ts'
export { inParallel } from './internal/in-parallel.ts'
export { type Deadline, deadline, sleep, waitFor } from './internal/waiting.ts'

// The network.
export { isRedirect, type RedirectRule, type RedirectTarget, redirectTarget } from './internal/redirects.ts'
export type { HttpGet, HttpGetAnswer, HttpGetRequest, HttpHeaders } from './internal/http-get.ts'
export {
  type IpAddress,
  LOOPBACK,
  networkOfPeer,
  Networks,
  type NetworksOptions,
  parseIpAddress,
} from './internal/networks.ts'
export { isLoopbackHost, isSecureUrl, isWebUrl, readUrl, unusableUrl } from './internal/urls.ts'

// Names in certificates.
export { normaliseDn } from './internal/distinguished-name.ts'
export { formatFqan, type Fqan, parseFqan } from './internal/fqan.ts'

// What people and logs are told.
export { decodeFormText } from './internal/form-text.ts'
export { quote } from './errors.ts'
export { type Logger, silentLogger } from './internal/logger.ts'
export { redactLine, redactTarget } from './text/redact.ts'
export { escapeHidden, hasHidden, HIDDEN, showHidden } from './text/visible-text.ts'

// Tokens, as verifiers and issuers look at them.
export { checkAlgorithms, DEFAULT_ALGORITHMS, isAlgorithm } from './jose/algorithms.ts'
export { keySetOf } from './token/verification.ts'
export { audienceMatches, checkOwnAudiences, parseAudience } from './claims/audience.ts'
export { authorizationMode, checkQuestion } from './claims/capabilities.ts'
export { PermissionIndex } from './claims/permission-index.ts'
export { isGroupName, parseGroups } from './claims/groups.ts'
export { checkIssuerIdentifier, type IssuerIdentifierOptions } from './claims/issuer-identifier.ts'
export { authorizationsFor } from './claims/operations.ts'
export { intersectPaths, joinPath, relativePath, ROOT, withoutTrailingSlash } from './claims/paths.ts'
export { DEFAULT_PROFILE, type ProfileRules, profileRules } from './claims/profile-rules.ts'
export { checkProfiles } from './claims/profiles.ts'
export { needsPath } from './claims/scope.ts'
export { coveredByAny } from './claims/scopes.ts'
export { isSubject } from './claims/subject.ts'
