import { z } from 'zod'
import { type DemoConfig, demoBlock } from './demo-block.ts'
import { type ListenConfig, listenBlock } from './listen-block.ts'
import { type OperationsConfig, operationsBlock } from './operations-block.ts'
import { rateLimitBlock } from './rate-limit-block.ts'
import { type ConfiguredRealm, realmKeys } from './realm-block.ts'
import { type MasterKeyConfig, masterKeyBlock, type StorageConfig, storageBlock } from './storage-block.ts'
import { count, text } from './values.ts'
import type { RateLimits } from '../limits/rate-limits.ts'

/** The configuration file of `scitokens issuer serve`: YAML or JSON. Unknown keys are mistakes. */
export interface ConfigFile extends Omit<ConfiguredRealm, 'issuer'> {
  /** URL of the one issuer of this file, exactly as it will stand in tokens. */
  readonly issuer?: string
  /** Several issuers (VOs) in one process, instead of `issuer`. */
  readonly realms?: readonly ConfiguredRealm[]
  /** Where the issuer listens, and its TLS. Default: 127.0.0.1, port 8080. */
  readonly listen?: ListenConfig
  /** Health and metrics for the site alone. Default: 127.0.0.1, port 9464. `false`: not at all. */
  readonly operations?: OperationsConfig
  /** The database: an SQLite file, or PostgreSQL. */
  readonly storage: StorageConfig
  /** Where the key stands that protects everything at rest. Default: as `openIssuer` has it. */
  readonly masterKey?: MasterKeyConfig
  /** JSON lines are appended. Default: the log. `sync`: wait for the disk itself (default: false). */
  readonly audit?: { readonly file: string; readonly sync?: boolean }
  /** Requests per minute to endpoints that check secrets or write. */
  readonly rateLimit?: RateLimits
  /** How much the log says. Default: info. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
  /** How often keys are looked at and expired entries removed, in milliseconds. Default: 10 000. */
  readonly maintenanceIntervalMs?: number
  /** Largest request body, in bytes. Default: 65 536. */
  readonly maxBodyBytes?: number
  /** Take forms as `multipart/form-data` too. Default: false. */
  readonly acceptMultipart?: boolean
  /** A token generator for people who learn and test. Default: none. */
  readonly demo?: DemoConfig
  /** Accept `http://` on a loopback host as the issuer. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

const file = z.strictObject({
  issuer: text.optional(),
  ...realmKeys,
  realms: z.array(z.strictObject({ issuer: text, ...realmKeys })).optional(),
  listen: listenBlock.optional(),
  operations: operationsBlock.optional(),
  storage: storageBlock,
  masterKey: masterKeyBlock.optional(),
  audit: z.strictObject({ file: text, sync: z.boolean().optional() }).optional(),
  rateLimit: rateLimitBlock.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  maintenanceIntervalMs: count.optional(),
  maxBodyBytes: count.optional(),
  acceptMultipart: z.boolean().optional(),
  demo: demoBlock.optional(),
  dangerouslyAllowLoopbackHttp: z.boolean().optional(),
})

/** The form of a {@link ConfigFile}. What it says is judged by `openIssuer`. */
export const configSchema: z.ZodType<ConfigFile> = file as never
