// Table of contents of `@scitokens/keycache`.
export { type CopyOptions, copyKeys, type CopyResult } from './copy-keys.ts'
export type { Counters, Monitoring } from './record/counters.ts'
export { CppStore } from './store/cpp-store.ts'
export type { HttpGet, HttpGetAnswer, HttpGetRequest } from '@scitokens/core/internal'
export type { KeyCacheEvent } from './record/events.ts'
export type { FileOptions } from './store/file-options.ts'
export { KeyCache, type UpdateResult } from './key-cache.ts'
export { CACHE_FILE, CPP_CACHE_FILE, defaultCacheDirectory } from './store/location.ts'
export { MemoryStore } from './store/memory-store.ts'
export type { NetworkOptions } from './network-options.ts'
export type { KeyCacheOptions } from './options.ts'
export {
  type Age,
  type LeaseRequest,
  judgeLease,
  type Policy,
  type PolicyOptions,
  type Purpose,
  type Verdict,
} from './record/policy.ts'
export { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from './record/record.ts'
export { SqliteStore } from './store/sqlite-store.ts'
export type { IssuerStatus, KeyCacheStatus } from './status.ts'
export type { Lease, KeyStore } from './record/store.ts'
export type { StoreOptions } from './store/store-options.ts'
