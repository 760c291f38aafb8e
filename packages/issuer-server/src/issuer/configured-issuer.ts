import { type Clock, ConfigError } from '@scitokens/core'
import {
  callable,
  flag,
  given,
  having,
  type Logger,
  type OptionReaders,
  type Reader,
  readOptions,
  text,
  wrong,
} from '@scitokens/core/internal'
import {
  type AuditSink,
  openIssuer,
  explainPolicy,
  FileAudit,
  type Issuer,
  type IssuerOptions,
  LoggerAudit,
  type PolicyExplanation,
  type PolicyQuery,
} from '@scitokens/issuer'
import { type ReadConfig, readConfigFile } from '../config/config-file.ts'
import type { ConfigFile } from '../config/config-schema.ts'
import { checkConfiguredDemo } from './configured-demo.ts'
import { issuerOptions } from './issuer-options.ts'
import { readRateLimits } from '../limits/rate-limits.ts'
import { listenOptions } from '../listen/listen-options.ts'
import type { Sinks } from './sinks.ts'

/** What the surroundings give. */
export interface ServeOptions {
  /** Environment variables that secrets of the file may stand in. */
  readonly env: NodeJS.ProcessEnv
  /** Where the issuer says what went wrong. */
  readonly logger: Logger
  /** Seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
}

/** Variables by name; what is in them is judged where they are used. */
const environment: Reader<NodeJS.ProcessEnv> = (value, name) => {
  if (typeof value === 'object' && value !== null) return value as NodeJS.ProcessEnv
  throw wrong(name, 'the environment, such as process.env', value)
}

const SURROUNDINGS: OptionReaders<Omit<ServeOptions, 'clock'>> = {
  env: environment,
  logger: having<Logger>('info', 'a logger'),
}

/** The form of {@link ServeOptions}. */
export const SERVE_READERS: OptionReaders<ServeOptions> = { ...SURROUNDINGS, clock: callable<Clock>() }

/** What {@link explainConfiguredPolicy} is asked with. */
type ExplainOptions = Omit<ServeOptions, 'clock'> & { readonly issuer?: string; readonly stored?: boolean }

const EXPLAIN: OptionReaders<ExplainOptions> = { ...SURROUNDINGS, issuer: text, stored: flag }

/**
 * Opens the issuer of a configuration file without listening: for `key` and `client` commands on its database. Whoever opens it closes it.
 *
 * @param path - of the configuration file.
 */
export async function openConfiguredIssuer(path: string, options: ServeOptions): Promise<Issuer> {
  const { env, logger, clock } = readOptions<ServeOptions>(options, SERVE_READERS)
  const read = await readConfigFile(path)
  return openWithAudit(read, await configuredOptions(read, env, logger), { logger, ...(clock && { clock }) })
}

/**
 * Decides as the issuer of a configuration file would, and tells each step; without a server and, unless `stored`, without touching its
 * database.
 *
 * @param issuer - which one, where the file has several. Default: the first.
 * @param stored - also for clients that lie in the database. Default: false.
 */
export async function explainConfiguredPolicy(
  path: string,
  query: PolicyQuery,
  asked: ExplainOptions,
): Promise<PolicyExplanation> {
  const { env, logger, issuer: name, stored } = readOptions<ExplainOptions>(asked, EXPLAIN)
  const read = await readConfigFile(path)
  const options = await configuredOptions(read, env, logger)
  const issuer = await (stored ? openWithAudit(read, options, { logger }) : openInMemory(read, options, logger))
  try {
    const realm = name === undefined ? issuer.realms[0] : issuer.realms.find((one) => one.issuer === name)
    if (!realm) throw new ConfigError('config_error', `${path} has no issuer ${name}`)
    return await explainPolicy(realm, query)
  } finally {
    await issuer.close()
  }
}

/** Checks a configuration as `serveIssuer` would, without listening and without touching the configured database. */
export async function checkIssuerConfig(path: string, options: Omit<ServeOptions, 'clock'>): Promise<ConfigFile> {
  const { env, logger } = readOptions<Omit<ServeOptions, 'clock'>>(options, SURROUNDINGS)
  const read = await readConfigFile(path)
  await checkConfig(read, env, logger)
  return read.config
}

/** The audit file that a configuration names, if it names one. Throws `config_error`. */
export async function configuredAuditFile(path: string): Promise<string | undefined> {
  return (await readConfigFile(path)).config.audit?.file
}

/** As {@link checkIssuerConfig}, for a file that was read; answers the options that were found good. */
export async function checkConfig(read: ReadConfig, env: NodeJS.ProcessEnv, logger: Logger): Promise<IssuerOptions> {
  const options = await configuredOptions(read, env, logger)
  await located(read, async () => {
    await listenOptions(read.config)
    readRateLimits(read.config.rateLimit)
    checkConfiguredDemo(read.config)
  })
  await (await openInMemory(read, options, logger)).close()
  return options
}

/** The configuration in `openIssuer`'s words, with every secret fetched and every directory of authorities opened. */
export function configuredOptions(read: ReadConfig, env: NodeJS.ProcessEnv, logger: Logger): Promise<IssuerOptions> {
  return located(read, () => issuerOptions(read.config, env, logger))
}

/** Opens the issuer of a configuration. Throws `config_error` that names file, line and key. */
export function openWithAudit(read: ReadConfig, options: IssuerOptions, { count, ...rest }: Sinks): Promise<Issuer> {
  return located(read, async () => {
    const audit = await openAudit(read.config, rest.logger)
    try {
      return await openIssuer({ ...options, ...rest, audit: count ? count(audit) : audit })
    } catch (error) {
      await audit.close?.()
      throw error
    }
  })
}

/** The issuer with its clients and policy, and with nothing of its database, keys or audit. */
function openInMemory(read: ReadConfig, options: IssuerOptions, logger: Logger): Promise<Issuer> {
  const { masterKey: _, ...rest } = options
  return located(read, () => openIssuer({ ...rest, storage: { memory: true }, logger }))
}

async function openAudit({ audit }: ConfigFile, logger: Logger): Promise<AuditSink> {
  if (!audit) return new LoggerAudit(logger)
  try {
    return await FileAudit.open(audit.file, given({ sync: audit.sync }))
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `audit.file: ${audit.file} cannot be written (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
}

/** Errors about an option are told with the line of the file it stands in. */
export async function located<T>({ locate }: ReadConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConfigError) throw locate(error)
    throw error
  }
}
