import { ConfigError } from '@scitokens/core'
import { given, type Logger } from '@scitokens/core/internal'
import type {
  ClientOptions,
  IssuerOptions,
  MasterKeyOptions,
  RealmOptions,
  RegistrationOptions,
  StorageOptions,
} from '@scitokens/issuer'
import type { ClientCertificateUse } from '@scitokens/issuer/internal'
import type { ConfiguredClient } from '../config/client-block.ts'
import type { ListenConfig } from '../config/listen-block.ts'
import type { ConfiguredRealm } from '../config/realm-block.ts'
import type { ConfiguredRegistration } from '../config/registration-block.ts'
import type { ConfigFile } from '../config/config-schema.ts'
import { knowsGridCertificates } from '../config/grid-certificates.ts'
import { configuredLogin } from './configured-login.ts'
import { configuredX509 } from './configured-x509.ts'
import { resolveSecret } from './secret-reference.ts'

/** The configuration in `openIssuer`'s words, with every secret fetched and every directory of authorities opened. */
export async function issuerOptions(
  config: ConfigFile,
  env: NodeJS.ProcessEnv,
  logger: Logger,
): Promise<IssuerOptions> {
  const {
    listen,
    operations: _o,
    audit: _a,
    rateLimit: _r,
    logLevel: _g,
    demo: _d,
    masterKey,
    storage,
    realms,
    ...one
  } = config
  const context = { env, logger, loopback: config.dangerouslyAllowLoopbackHttp ?? false }
  return given({
    ...(await realmOptions(one, '', context)),
    realms:
      realms && (await Promise.all(realms.map((each, index) => realmOptions(each, `realms[${index}].`, context)))),
    storage: await storageOptions(storage, env),
    clientCertificates: clientCertificatesOf(config, listen?.tls),
    masterKey: masterKey && (await masterKeyOptions(masterKey, env)),
  }) as IssuerOptions
}

/** What TLS will do with client certificates: `listenOptions` makes it so. */
function clientCertificatesOf(config: ConfigFile, tls: ListenConfig['tls']): ClientCertificateUse | undefined {
  if (!tls) return undefined
  if (tls.clientCa !== undefined) return 'verified'
  return knowsGridCertificates(config) ? 'asked' : undefined
}

async function realmOptions(
  { clients, login, registration, x509, ...rest }: Partial<ConfiguredRealm>,
  at: string,
  { env, logger, loopback }: { env: NodeJS.ProcessEnv; logger: Logger; loopback: boolean },
): Promise<Partial<RealmOptions>> {
  return given({
    ...rest,
    clients: await withSecrets(clients, `${at}clients`, env),
    login: login && (await configuredLogin(login, `${at}login`, env, loopback)),
    registration: registration && (await registrationOptions(registration, `${at}registration`, env)),
    x509: x509 && (await configuredX509(x509, `${at}x509`, { env, logger, issuer: rest.issuer! })),
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
    return storage.file === ':memory:' ? { memory: true } : (given(storage) as StorageOptions)
  }
  const { postgres, maxConnections } = storage
  const connectionString = await resolveSecret(postgres, 'storage.postgres', env)
  return { postgres: connectionString, ...given({ maxConnections }) }
}

async function masterKeyOptions(
  key: NonNullable<ConfigFile['masterKey']>,
  env: NodeJS.ProcessEnv,
): Promise<MasterKeyOptions> {
  if ('file' in key) return given(key) as MasterKeyOptions
  const text = await resolveSecret(key, 'masterKey', env)
  const bytes = Buffer.from(text, /^[0-9a-f]+$/i.test(text) ? 'hex' : 'base64url')
  if (bytes.length < 32)
    throw new ConfigError('config_error', 'masterKey: must be 32 bytes or more, in hex or base64url')
  return { value: bytes }
}
