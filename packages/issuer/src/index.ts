// Table of contents of `@scitokens/issuer`.
export { type AuditEvent, type AuditSink, FileAudit, LoggerAudit, MemoryAudit } from './audit/audit.ts'
export type { BrokenLine } from './audit/audit-files.ts'
export type { AuditQuery } from './audit/audit-query.ts'
export { followAudit, type FollowOptions } from './audit/follow-audit.ts'
export { searchAudit, type SearchOptions } from './audit/search-audit.ts'
export type {
  AssertionPolicy,
  ClientAuthMethod,
  ClientCertificate,
  ExchangePolicy,
  GrantType,
  RefreshPolicy,
} from './clients/client.ts'
export type { ClientOptions } from './clients/client-options.ts'
export type { RegistrationOptions } from './clients/registration.ts'
export { createDemo, type Demo } from './demo/demo.ts'
export type { DemoKeyOptions } from './demo/demo-keys.ts'
export type { DemoOptions } from './demo/demo-options.ts'
export { createIssuer, type Issuer, type ListenOptions } from './issuer/issuer.ts'
export { type KeyProvider, LocalKeys, type ProvidedKey } from './keys/key-provider.ts'
export type { KeyRing, KeyStatus } from './keys/key-ring.ts'
export type { KeyScheduleOptions } from './keys/key-schedule.ts'
export type { IssuerOptions, RealmOptions } from './realm/options.ts'
export type { MasterKeyOptions } from './secrets/master-key.ts'
export type { FileStorageOptions } from './store/file-storage.ts'
export type { GivenStorageOptions } from './store/given-storage.ts'
export type { MemoryStorageOptions } from './store/memory-storage.ts'
export type { PostgresStorageOptions } from './store/postgres-storage.ts'
export type { StorageOptions } from './store/storages.ts'
export { DevelopmentLogin } from './people/development-login.ts'
export { HeaderLogin, type HeaderLoginOptions } from './people/header-login.ts'
export { Html, html } from './people/html.ts'
export { OpenIdLogin, type OpenIdLoginOptions } from './people/openid-login.ts'
export type { LoginRequest, LoginStep, Person, Upstream } from './people/upstream.ts'
export { explainPolicy, type PolicyExplanation, type PolicyQuery, type PolicySubject } from './admin/explain-policy.ts'
export type { CapabilitySetOptions, Match, PolicyOptions, PolicyRule } from './policy/policy.ts'
export type { Registration } from './clients/open-registration.ts'
export type { Realm } from './realm/realm.ts'
export type { Change, Entry, EntryKey, EntryKind, ListQuery, NewEntry, Store } from './store/store.ts'
export type { Logger } from '@scitokens/core/internal'
export type { IdentityVerifier } from './certificates/identity-verifier.ts'
export type { X509Options } from './certificates/options.ts'
export { openVerifier } from './x509/open-verifier.ts'
export { CERTIFICATE_ERROR_FAMILIES } from './x509/error-codes.ts'
export { backupIssuer } from './operation/backup.ts'
export { ClientAdmin, type ClientWithSecret } from './admin/client-admin.ts'
export { LoginAdmin, type DescribedLogin, type LoginQuery } from './admin/login-admin.ts'
export { PersonAdmin, type DescribedPerson } from './admin/person-admin.ts'
export type { EndedLogins, LoginChoice } from './logins/end-logins.ts'
export type { DescribedClient } from './admin/described-client.ts'
export type { ClientProperties } from './clients/client-properties.ts'
export type { ConfiguredClient } from './operation/config/client-block.ts'
export type { ListenConfig } from './operation/config/listen-block.ts'
export type { ConfiguredRealm } from './operation/config/realm-block.ts'
export type { SecretReference } from './operation/config/values.ts'
export type { ConfigFile } from './operation/config-schema.ts'
export { initIssuer, type InitOptions, type InitResult } from './operation/init.ts'
export {
  checkIssuerConfig,
  configuredAuditFile,
  explainConfiguredPolicy,
  openConfiguredIssuer,
  type ServeOptions,
} from './operation/configured-issuer.ts'
export type { RateLimits } from './operation/rate-limits.ts'
export type { ReloadOutcome } from './operation/reload.ts'
export { type ServedIssuer, serveIssuer } from './operation/serve.ts'
