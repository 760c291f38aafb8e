// Table of contents of `@scitokens/core/internal`: what is pure and several packages of this project need. It may change with any
// release, so nothing outside of the project should use it.
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
export { escapeHidden, hasHidden, HIDDEN, showHidden } from './text/visible-text.ts'
export { isWebUrl, readUrl, unusableUrl } from './internal/urls.ts'
