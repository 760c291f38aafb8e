// Table of contents of `@scitokens/keycache`.
export { type CertificateAuthorities, type ClientIdentityPem, TrustStore } from './ca.ts'
export type { Headers } from './cache-headers.ts'
export { type KeyCacheConfig, optionsFromConfig } from './config-options.ts'
export { type CopyOptions, copyKeys, type CopyResult } from './copy-keys.ts'
export type { Counters, Monitoring } from './counters.ts'
export { CppStore } from './cpp-store.ts'
export { metadataUrls } from './discovery.ts'
export type { KeyCacheEvent } from './events.ts'
export type { HttpGet, HttpRequest, HttpResponse } from './fetcher.ts'
export type { FileOptions } from './file-guard.ts'
export { KeyCache, type UpdateResult } from './key-cache.ts'
export { CACHE_FILE, CPP_CACHE_FILE, defaultCacheDirectory } from './location.ts'
export { MemoryStore } from './memory-store.ts'
export type { NetworkOptions } from './network-options.ts'
export type { KeyCacheOptions } from './options.ts'
export {
  type Age,
  type ClaimRequest,
  judgeClaim,
  type Policy,
  type PolicyOptions,
  type Purpose,
  type Verdict,
} from './policy.ts'
export { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from './record.ts'
export { SqliteStore } from './sqlite-store.ts'
export type { IssuerStatus, KeyCacheStatus } from './status.ts'
export type { Claim, KeyStore } from './store.ts'
export type { StoreOptions } from './store-options.ts'
