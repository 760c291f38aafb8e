import { readFile } from 'node:fs/promises'
import { ConfigError, SciTokenError } from '@scitokens/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { type AuditSink, FileAudit, LoggerAudit } from '../audit.ts'
import type { ClientOptions } from '../clients/client-options.ts'
import type { RegistrationOptions } from '../clients/registration.ts'
import { createIssuer, type Issuer } from '../issuer.ts'
import type { IssuerOptions, MasterKeyOptions, RealmOptions, StorageOptions } from '../options.ts'
import { explainPolicy, type PolicyExplanation, type PolicyQuery } from '../policy/explain.ts'
import { buildServer } from '../server.ts'
import type { Clock, Logger } from '../types.ts'
import { type ReadConfig, readConfigFile } from './config-file.ts'
import type { ConfiguredClient } from './config/client-block.ts'
import type { ConfiguredRealm } from './config/realm-block.ts'
import type { ConfiguredRegistration } from './config/registration-block.ts'
import type { ConfigFile } from './config-schema.ts'
import { configuredLogin } from './configured-login.ts'
import { IssuerMetrics } from './metrics.ts'
import { buildOperationsServer } from './operations-server.ts'
import { limitRate } from './rate-limit.ts'
import { resolveSecret } from './secret-reference.ts'

/** How often a stop looks for connections that have become idle, in milliseconds. */
const IDLE_CHECK_MS = 50

/** What the surroundings give. */
export interface ServeOptions {
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  readonly clock?: Clock
}

/** An issuer that answers. */
export interface ServedIssuer {
  readonly issuer: Issuer
  /** Where it listens, such as `https://127.0.0.1:443`. */
  readonly address: string
  /** Where health and metrics are, if anywhere. */
  readonly operationsAddress: string | undefined
  /** Lets requests finish that have begun, takes no more, closes everything. */
  stop(): Promise<void>
}

/**
 * Runs an issuer from its configuration file. Throws `config_error` that names file, line and key before anything listens.
 *
 * @param path - of the configuration file.
 */
export async function serveIssuer(path: string, { env, logger, clock }: ServeOptions): Promise<ServedIssuer> {
  const read = await readConfigFile(path)
  const metrics = new IssuerMetrics()
  let stopping = false
  const issuer = await openIssuer(read, env, { logger, metrics, ...(clock && { clock }) })
  const servers: FastifyInstance[] = []
  try {
    const { listen = {}, operations = {} } = read.config
    const guarded: FastifyPluginAsync = async (app) => {
      // Before the routes, which inherit what they find.
      metrics.watch(app)
      await limitRate(app, read.config.rateLimit)
      await app.register(issuer.plugin)
    }
    const app = buildServer(guarded, await located(read, () => serverOptions(read.config)))
    servers.push(app)
    const port = listen.port ?? (listen.tls ? 443 : 8080)
    const address = await listenOn(app, { host: listen.host ?? '127.0.0.1', port })
    let operationsAddress: string | undefined
    if (operations !== false) {
      const other = buildOperationsServer({ realms: issuer.realms, metrics, isStopping: () => stopping })
      servers.push(other)
      const { host = '127.0.0.1', port: operationsPort = 9464 } = operations
      operationsAddress = await listenOn(other, { host, port: operationsPort })
    }
    return {
      issuer,
      address,
      operationsAddress,
      stop: async () => {
        stopping = true
        await Promise.all(servers.map(closeGracefully))
        await issuer.close()
      },
    }
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()))
    await issuer.close()
    throw error
  }
}

/**
 * Opens the issuer of a configuration file without listening: for `key` commands on its database. Whoever opens it closes it.
 *
 * @param path - of the configuration file.
 */
export async function openConfiguredIssuer(path: string, { env, logger, clock }: ServeOptions): Promise<Issuer> {
  const read = await readConfigFile(path)
  return openIssuer(read, env, { logger, metrics: new IssuerMetrics(), ...(clock && { clock }) })
}

/**
 * Decides as the issuer of a configuration file would, and tells each step; without a server and without touching its database.
 *
 * @param issuer - which one, where the file has several. Default: the first.
 */
export async function explainConfiguredPolicy(
  path: string,
  query: PolicyQuery,
  { env, logger, issuer: name }: Omit<ServeOptions, 'clock'> & { readonly issuer?: string },
): Promise<PolicyExplanation> {
  const read = await readConfigFile(path)
  const issuer = await openInMemory(read, env, logger)
  try {
    const realm = name === undefined ? issuer.realms[0] : issuer.realms.find((one) => one.issuer === name)
    if (!realm) throw new ConfigError(`${path} has no issuer ${name}`)
    return await explainPolicy(realm, query)
  } finally {
    await issuer.close()
  }
}

/** Checks a configuration as {@link serveIssuer} would, without listening and without touching the configured database. */
export async function checkIssuerConfig(
  path: string,
  { env, logger }: Omit<ServeOptions, 'clock'>,
): Promise<ConfigFile> {
  const read = await readConfigFile(path)
  await located(read, () => serverOptions(read.config))
  await (await openInMemory(read, env, logger)).close()
  return read.config
}

/** The issuer with its clients and policy, and with nothing of its database, keys or audit. */
function openInMemory(read: ReadConfig, env: NodeJS.ProcessEnv, logger: Logger): Promise<Issuer> {
  const { audit: _, masterKey: _key, ...config } = read.config
  const memory = { ...read, config: { ...config, storage: { file: ':memory:' } } }
  return openIssuer(memory, env, { logger, metrics: new IssuerMetrics() })
}

async function openIssuer(
  read: ReadConfig,
  env: NodeJS.ProcessEnv,
  { logger, metrics, clock }: { logger: Logger; metrics: IssuerMetrics; clock?: Clock },
): Promise<Issuer> {
  return located(read, async () => {
    const options = await issuerOptions(read.config, env)
    const audit = await openAudit(read.config, logger)
    try {
      return await createIssuer({ ...options, logger, audit: metrics.count(audit), ...(clock && { clock }) })
    } catch (error) {
      await audit.close?.()
      throw error
    }
  })
}

/** The configuration in `createIssuer`'s words, with every secret fetched. */
async function issuerOptions(config: ConfigFile, env: NodeJS.ProcessEnv): Promise<IssuerOptions> {
  const {
    listen: _l,
    operations: _o,
    audit: _a,
    rateLimit: _r,
    logLevel: _g,
    masterKey,
    storage,
    realms,
    ...one
  } = config
  const loopback = config.dangerouslyAllowLoopbackHttp ?? false
  return withoutUndefined({
    ...(await realmOptions(one, '', env, loopback)),
    realms:
      realms &&
      (await Promise.all(realms.map((each, index) => realmOptions(each, `realms[${index}].`, env, loopback)))),
    storage: await storageOptions(storage, env),
    masterKey: masterKey && (await masterKeyOptions(masterKey, env)),
  }) as IssuerOptions
}

async function realmOptions(
  { clients, login, registration, ...rest }: Partial<ConfiguredRealm>,
  at: string,
  env: NodeJS.ProcessEnv,
  loopback: boolean,
): Promise<Partial<RealmOptions>> {
  return withoutUndefined({
    ...rest,
    clients: await withSecrets(clients, `${at}clients`, env),
    login: login && (await configuredLogin(login, `${at}login`, env, loopback)),
    registration: registration && (await registrationOptions(registration, `${at}registration`, env)),
  })
}

async function registrationOptions(
  { initialAccessTokens, ...rest }: ConfiguredRegistration,
  at: string,
  env: NodeJS.ProcessEnv,
): Promise<RegistrationOptions> {
  const tokens = initialAccessTokens?.map((reference, index) =>
    resolveSecret(reference, `${at}.initialAccessTokens[${index}]`, env),
  )
  return { ...rest, ...(tokens && { initialAccessTokens: await Promise.all(tokens) }) }
}

async function withSecrets(
  clients: readonly ConfiguredClient[] | undefined,
  at: string,
  env: NodeJS.ProcessEnv,
): Promise<ClientOptions[] | undefined> {
  if (!clients) return undefined
  return Promise.all(
    clients.map(async ({ clientSecret, ...client }, index) => {
      const references = clientSecret === undefined ? [] : [clientSecret].flat()
      const secrets = await Promise.all(
        references.map((reference) => resolveSecret(reference, `${at}[${index}].clientSecret`, env)),
      )
      return { ...client, ...(secrets.length > 0 && { clientSecret: secrets }) }
    }),
  )
}

async function storageOptions(storage: ConfigFile['storage'], env: NodeJS.ProcessEnv): Promise<StorageOptions> {
  if ('file' in storage) {
    return storage.file === ':memory:' ? { memory: true } : (withoutUndefined(storage) as StorageOptions)
  }
  const { postgres, maxConnections } = storage
  const connectionString = await resolveSecret(postgres, 'storage.postgres', env)
  return { postgres: connectionString, ...(maxConnections !== undefined && { maxConnections }) }
}

async function masterKeyOptions(
  key: NonNullable<ConfigFile['masterKey']>,
  env: NodeJS.ProcessEnv,
): Promise<MasterKeyOptions> {
  if ('file' in key) return withoutUndefined(key) as MasterKeyOptions
  const text = await resolveSecret(key, 'masterKey', env)
  const bytes = Buffer.from(text, /^[0-9a-f]+$/i.test(text) ? 'hex' : 'base64url')
  if (bytes.length < 32) throw new ConfigError('masterKey: must be 32 bytes or more, in hex or base64url')
  return { value: bytes }
}

async function openAudit({ audit }: ConfigFile, logger: Logger): Promise<AuditSink> {
  if (!audit) return new LoggerAudit(logger)
  try {
    return await FileAudit.open(audit.file, withoutUndefined({ sync: audit.sync }))
  } catch (cause) {
    throw new ConfigError(`audit.file: ${audit.file} cannot be written (${(cause as NodeJS.ErrnoException).code})`)
  }
}

async function serverOptions({ listen = {} }: ConfigFile): Promise<FastifyServerOptions> {
  const { tls, trustedProxies } = listen
  const https = tls && {
    cert: await pem(tls.certificate, 'listen.tls.certificate'),
    key: await pem(tls.key, 'listen.tls.key'),
    minVersion: 'TLSv1.2' as const,
    // Client certificates are asked for where clients may use them, and judged with the client, not by TLS.
    ...(tls.clientCa && {
      ca: await pem(tls.clientCa, 'listen.tls.clientCa'),
      requestCert: true,
      rejectUnauthorized: false,
    }),
  }
  return { ...(https && { https }), ...(trustedProxies && { trustProxy: [...trustedProxies] }) }
}

async function pem(path: string, key: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${key}: the file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}

async function listenOn(app: FastifyInstance, where: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen(where)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE' ? 'the port is in use' : code === 'EACCES' ? 'this account may not use the port' : code
    throw new ConfigError(`cannot listen on ${where.host}, port ${where.port}: ${why}`)
  }
}

/** Lets requests finish; connections that are idle by then end at once instead of waiting for their next request. */
async function closeGracefully(app: FastifyInstance): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS)
  await app.close().finally(() => clearInterval(timer))
}

/** Errors about an option are told with the line of the file it stands in. */
async function located<T>({ locate }: ReadConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'config') throw locate(error)
    throw error
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never
}
