// Table of contents of `@scitokens/core/internal`: what is pure and several packages of this project need. It may change with any
// release, so nothing outside of the project should use it.
export { backOff, type BackOffLimits, isWaiting, type Random } from './internal/back-off.ts'
export { BoundedMap, type BoundedMapLimits } from './internal/bounded-map.ts'
export { type Given, given } from './internal/given.ts'
export type { HttpGet, HttpGetAnswer, HttpGetRequest, HttpHeaders } from './internal/http-get.ts'
export { inParallel } from './internal/in-parallel.ts'
export { type Logger, silentLogger } from './internal/logger.ts'
export { normaliseDn } from './internal/distinguished-name.ts'
export { decodeFormText } from './internal/form-text.ts'
export { formatFqan, type Fqan, parseFqan } from './internal/fqan.ts'
export {
  type IpAddress,
  LOOPBACK,
  networkOfPeer,
  Networks,
  type NetworksOptions,
  parseIpAddress,
} from './internal/networks.ts'
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
export { redactLine, redactSecrets, redactTarget } from './text/redact.ts'
export { formatRetryAfter, readRetryAfter } from './internal/retry-after.ts'
export { isSubject } from './claims/subject.ts'
export { isSecureUrl, isWebUrl, readUrl, unusableUrl } from './internal/urls.ts'
export { escapeHidden, hasHidden, HIDDEN, showHidden } from './text/visible-text.ts'
export { type Deadline, deadline, sleep, waitFor } from './internal/waiting.ts'
export { type Counted, WindowCounter, type WindowCounterOptions } from './internal/window-counter.ts'
