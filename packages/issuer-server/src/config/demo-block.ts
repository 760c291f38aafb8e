import { z } from 'zod'
import { count, list, text } from './values.ts'

/** A token generator beside the issuer, as written. It needs a host name of its own. */
export interface DemoConfig {
  /** Its URL, and the `iss` of its tokens. */
  readonly issuer: string
  /** JWKS with its private keys, made if there is none. Default: new keys at every start. */
  readonly keysFile?: string
  /** Longest life of a token, in seconds. Default: 86 400. */
  readonly maxLifetime?: number
  /** Issuers elsewhere whose tokens it verifies too. Default: none. */
  readonly trustedIssuers?: readonly string[]
  /** Requests per minute and address to what signs or verifies. Default: 300. */
  readonly perAddress?: number
}

/** The form of {@link DemoConfig}. */
export const demoBlock: z.ZodType<DemoConfig> = z.strictObject({
  issuer: text,
  keysFile: text.optional(),
  maxLifetime: count.optional(),
  trustedIssuers: list.optional(),
  perAddress: count.optional(),
}) as never
