// Table of contents of `@scitokens/keycache/internal`: what other packages of this project need. It may change with any release, so
// nothing outside of the project should use it.
export { discoverMetadata, type DiscoveryOptions, type FirstPlace } from './refresh/discovery.ts'
export type { Exchange } from './refresh/remote.ts'
