import { z } from 'zod'
import type { MasterKeyOptions } from '@scitokens/issuer'
import { count, type SecretReference, secret, text } from './values.ts'

/** The database, as written. */
export type StorageConfig =
  | { readonly file: string; readonly busyTimeoutMs?: number }
  | { readonly postgres: SecretReference; readonly maxConnections?: number }

/** Where the master key stands. */
export type MasterKeyConfig = Extract<MasterKeyOptions, { file: string }> | { readonly env: string }

/** The form of a {@link StorageConfig}. */
export const storageBlock: z.ZodType<StorageConfig> = z.union([
  z.strictObject({ file: text, busyTimeoutMs: count.optional() }),
  z.strictObject({ postgres: secret, maxConnections: count.optional() }),
]) as never

/** The form of a {@link MasterKeyConfig}. */
export const masterKeyBlock: z.ZodType<MasterKeyConfig> = z.union([
  z.strictObject({ file: text, create: z.boolean().optional() }),
  z.strictObject({ env: text }),
]) as never
