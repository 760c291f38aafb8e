import { type Clock, ConfigError, type KeySource, systemClock } from '@scitokens/core'
import {
  anything,
  callable,
  checkIssuerIdentifier,
  flag,
  having,
  listOf,
  type Logger,
  type OptionReaders,
  type Reader,
  readOptions,
  silentLogger,
  text,
} from '@scitokens/core/internal'
import type { DemoKeyOptions } from './keys/demo-keys.ts'

/** Options of `openDemo`. */
export interface DemoOptions {
  /**
   * URL of the demonstration, which is the `iss` of its tokens. Never that of an issuer in earnest: whoever trusts it trusts
   * everybody.
   */
  readonly issuer: string
  /** Where its keys come from. Default: made in memory, rotated, gone with the process. */
  readonly keys?: DemoKeyOptions
  /** Longest life of a token, in seconds. Default: 86 400. Without `exp` in the payload it is 600. */
  readonly maxLifetime?: number
  /** Issuers elsewhere whose tokens `POST /verify` judges too. Nobody else is ever contacted. Default: none. */
  readonly trustedIssuers?: readonly string[]
  /** Keys of {@link trustedIssuers}. Default: a key cache in memory. */
  readonly foreignKeys?: KeySource
  /** Requests per minute and address to what signs or verifies. Default: 300. */
  readonly perAddress?: number
  /** Largest request body, in bytes. Default: 16 384. */
  readonly maxBodyBytes?: number
  /** Seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
  /** Where it says what went wrong. Default: nowhere. */
  readonly logger?: Logger
  /** Accept `http://` for a loopback host. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** {@link DemoOptions} with their defaults, checked. */
export interface DemoSettings {
  readonly issuer: string
  /** Path of the issuer's URL without a slash at the end: `/demo`, or empty. */
  readonly basePath: string
  readonly host: string
  readonly maxLifetime: number
  readonly trustedIssuers: readonly string[]
  readonly perAddress: number
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly logger: Logger
  readonly dangerouslyAllowLoopbackHttp: boolean
}

/** Seconds that a token lives where its payload asks for nothing else. */
export const DEFAULT_LIFETIME = 600

const READERS: OptionReaders<DemoOptions> = {
  issuer: text,
  keys: anything as Reader<DemoKeyOptions>,
  // Their ranges are told below.
  maxLifetime: anything as Reader<number>,
  perAddress: anything as Reader<number>,
  maxBodyBytes: anything as Reader<number>,
  trustedIssuers: listOf(text, { empty: true }),
  foreignKeys: having<KeySource>('getKeySet', 'a source of keys'),
  clock: callable<Clock>(),
  logger: having<Logger>('info', 'a logger'),
  dangerouslyAllowLoopbackHttp: flag,
}

/** Checks the options. Throws `config_error`, also for an unknown name; `insecure_url`. */
export function readDemoOptions(given: DemoOptions): DemoSettings {
  const options = readOptions<DemoOptions>(given, READERS)
  const { maxLifetime = 86_400, perAddress = 300, maxBodyBytes = 16_384, trustedIssuers = [] } = options
  const dangerouslyAllowLoopbackHttp = options.dangerouslyAllowLoopbackHttp ?? false
  checkIssuerIdentifier(options.issuer, { dangerouslyAllowLoopbackHttp })
  for (const issuer of trustedIssuers) checkIssuerIdentifier(issuer, { dangerouslyAllowLoopbackHttp })
  if (options.issuer.endsWith('/')) throw new ConfigError('config_error', 'issuer: write it without a slash at the end')
  if (trustedIssuers.includes(options.issuer)) {
    throw new ConfigError('config_error', 'trustedIssuers: the demonstration itself is not an issuer elsewhere')
  }
  checkRange('maxLifetime', maxLifetime, DEFAULT_LIFETIME, 604_800)
  checkRange('perAddress', perAddress, 1, 1_000_000)
  checkRange('maxBodyBytes', maxBodyBytes, 1024, 1_048_576)
  const url = new URL(options.issuer)
  return {
    issuer: options.issuer,
    basePath: url.pathname.replace(/\/$/, ''),
    host: url.host,
    maxLifetime,
    trustedIssuers,
    perAddress,
    maxBodyBytes,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    dangerouslyAllowLoopbackHttp,
  }
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new ConfigError('config_error', `${name}: must be a whole number from ${least} to ${most}`)
}
