// Table of contents of `@scitokens/issuer-server`.
export { backupIssuer } from './backup.ts'
export type { ConfiguredClient } from './config/client-block.ts'
export type { ConfigFile } from './config/config-schema.ts'
export type { ListenConfig } from './config/listen-block.ts'
export type { ConfiguredRealm } from './config/realm-block.ts'
export type { SecretReference } from './config/values.ts'
export { initIssuer, type InitOptions, type InitResult } from './init.ts'
export {
  checkIssuerConfig,
  configuredAuditFile,
  explainConfiguredPolicy,
  openConfiguredIssuer,
  type ServeOptions,
} from './issuer/configured-issuer.ts'
export type { RateLimits } from './limits/rate-limits.ts'
export { type ServedIssuer, serveIssuer, type ServeIssuerOptions } from './serve.ts'
