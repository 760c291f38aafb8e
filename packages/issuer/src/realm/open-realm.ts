import { type Algorithm, type Clock, ConfigError, type KeySource } from '@scitokens/core'
import { checkIssuerIdentifier, type Logger } from '@scitokens/core/internal'
import type { AuditSink } from '../audit/audit.ts'
import { ClientRegistry } from '../clients/client-registry.ts'
import { readManagedClient } from '../clients/managed-client.ts'
import { seconds } from '../clients/read-client.ts'
import { type ReadClient, type StoredClient, StoredClients } from '../clients/stored-clients.ts'
import { GRANTS } from '../grants/grants.ts'
import { LocalKeys } from '../keys/key-provider.ts'
import { KeyRing } from '../keys/key-ring.ts'
import type { KeySchedule } from '../keys/key-schedule.ts'
import type { IssuerOptions, RealmOptions } from './options.ts'
import { Attempts } from '../limits/attempts.ts'
import { PollPace } from '../limits/poll-pace.ts'
import type { Upstream } from '../people/upstream.ts'
import type { Endpoints, RealmTimes } from '../context/realm-context.ts'
import type { Realm } from './realm.ts'
import { type RealmSettings, readSettings } from './realm-settings.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Store } from '../store/store.ts'
import { CertificateAuthenticator, type CertificateContext } from '../certificates/authenticator.ts'
import type { X509Options } from '../certificates/options.ts'

/** What realms of one process share. */
export interface SharedParts {
  readonly foreignKeys: KeySource | undefined
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly audit: AuditSink
  readonly logger: Logger
}

/** Checks one issuer's options, reads or makes its keys, and puts its parts together. Throws `config_error`. */
export async function openRealm(
  options: RealmOptions,
  all: IssuerOptions,
  shared: SharedParts,
  at: string,
): Promise<Realm> {
  const issuer = checkIssuerIdentifier(options.issuer, {
    dangerouslyAllowLoopbackHttp: all.dangerouslyAllowLoopbackHttp ?? false,
  })
  const times = readTimes(options, at)
  const algorithms = algorithmsOf(options)
  const { clientCertificates } = all
  const context = { ...shared, algorithms, maxLifetime: times.maxLifetime, clientCertificates }
  const settings = readSettings(options, context, at)
  const x509 =
    options.x509 && (await openX509(options.x509, { ...shared, issuer, defaults: settings.defaults }, settings, at))
  const stored = new StoredClients(issuer, shared.store, shared.clock, (client, now) => readStored(realm, client, now))
  const keys = await KeyRing.open({
    realm: issuer,
    store: shared.store,
    provider: options.keyProvider ?? new LocalKeys(shared.secrets),
    algorithms,
    schedule: readSchedule(options, times, at),
    clock: shared.clock,
  })
  const realm: Realm = {
    ...shared,
    ...settings,
    issuer,
    endpoints: endpointsOf(issuer),
    clients: new ClientRegistry(settings.clients, stored, x509 ? [x509.clientId] : []),
    keys,
    grants: new Map(
      GRANTS.filter(({ needs }) => options.login || !needs.login).map((grant) => [grant.grantType, grant]),
    ),
    times,
    upstream: checkUpstream(options.login, issuer, shared.logger),
    codeAttempts: new Attempts(wrongCodesOf(options, at), times.wrongCodeSeconds, shared.clock),
    polls: new PollPace(times.deviceIntervalSeconds, shared.clock),
    algorithms,
    wlcgVersion: options.wlcgVersion ?? '1.0',
    userLimit: undefined,
    openapi: options.openapi ?? true,
    clientCertificates,
    x509,
    scopesSupported: scopesSupported(options, settings, x509),
  }
  return realm
}

async function openX509(
  options: X509Options,
  context: CertificateContext,
  { clients }: RealmSettings,
  at: string,
): Promise<CertificateAuthenticator> {
  const x509 = await CertificateAuthenticator.open(options, context, `${at}x509`)
  if (clients.some(({ clientId }) => clientId === x509.clientId)) {
    throw new ConfigError(
      'config_error',
      `${at}x509.clientId: ${JSON.stringify(x509.clientId)} is the name of another client`,
    )
  }
  return x509
}

/** Checks changed options of a running issuer. Throws `config_error`; nothing is taken over yet. */
export function readChangedSettings(realm: Realm, options: RealmOptions, at: string): RealmSettings {
  const settings = readSettings(options, { ...realm, maxLifetime: realm.times.maxLifetime }, at)
  return { ...settings, scopesSupported: scopesSupported(options, settings, realm.x509) }
}

/** What the rules for certificates give is told too, as it was at the start. */
function scopesSupported(
  options: RealmOptions,
  settings: RealmSettings,
  x509: CertificateAuthenticator | undefined,
): readonly string[] {
  return options.scopesSupported ?? [...new Set([...settings.scopesSupported, ...(x509?.scopes ?? [])])]
}

function algorithmsOf({ algorithms, clients }: RealmOptions): readonly Algorithm[] {
  if (algorithms) return algorithms
  return clients?.some((client) => client.algorithm === 'RS256') ? ['ES256', 'RS256'] : ['ES256']
}

function wrongCodesOf({ wrongCodes = 10 }: RealmOptions, at: string): number {
  if (!Number.isSafeInteger(wrongCodes) || wrongCodes < 1)
    throw new ConfigError('config_error', `${at}wrongCodes: must be a whole number, 1 or more`)
  return wrongCodes
}

function readTimes(options: RealmOptions, at: string): RealmTimes {
  const read = (key: keyof RealmOptions, fallback: number): number =>
    seconds((options[key] as number) ?? fallback, at + key)
  const backdate = options.backdate ?? 60
  if (!Number.isSafeInteger(backdate) || backdate < 0)
    throw new ConfigError('config_error', `${at}backdate: must be whole seconds, 0 or more`)
  return {
    backdate,
    maxLifetime: read('maxLifetime', 21_600),
    codeSeconds: read('codeSeconds', 60),
    deviceCodeSeconds: read('deviceCodeSeconds', 900),
    deviceIntervalSeconds: read('deviceIntervalSeconds', 5),
    idTokenSeconds: read('idTokenSeconds', 3600),
    sessionSeconds: read('sessionSeconds', 28_800),
    loginSeconds: read('loginSeconds', 900),
    pageSeconds: read('pageSeconds', 600),
    wrongCodeSeconds: read('wrongCodeSeconds', 300),
    metadataMaxAgeSeconds: read('metadataMaxAgeSeconds', 3600),
    // Whoever keeps the keys for longer than they are published ahead would miss one.
    jwksMaxAgeSeconds: read('jwksMaxAgeSeconds', Math.min(3600, options.keys?.publishAheadSeconds ?? 3600)),
  }
}

function readSchedule({ keys = {} }: RealmOptions, { maxLifetime }: RealmTimes, at: string): KeySchedule {
  const schedule = {
    publishAheadSeconds: seconds(keys.publishAheadSeconds ?? 172_800, `${at}keys.publishAheadSeconds`),
    signingSeconds: seconds(keys.signingSeconds ?? 15_552_000, `${at}keys.signingSeconds`),
    retainSeconds: seconds(keys.retainSeconds ?? 345_600, `${at}keys.retainSeconds`),
  }
  if (schedule.signingSeconds <= schedule.publishAheadSeconds) {
    throw new ConfigError('config_error', `${at}keys.signingSeconds: must be more than publishAheadSeconds`)
  }
  // A key must be published for as long as a token of it can be alive.
  return { ...schedule, retainSeconds: Math.max(schedule.retainSeconds, maxLifetime) }
}

function endpointsOf(issuer: string): Endpoints {
  const base = issuer.replace(/\/$/, '')
  return {
    token: `${base}/token`,
    authorization: `${base}/authorize`,
    device: `${base}/device_authorization`,
    deviceVerification: `${base}/device`,
    jwks: `${base}/jwks`,
    revocation: `${base}/revoke`,
    introspection: `${base}/introspect`,
    registration: `${base}/register`,
    userinfo: `${base}/userinfo`,
    applications: `${base}/applications`,
  }
}

/** What a client in the store means to a realm as it is now; one that registered itself means nothing where nobody may. */
function readStored({ defaults, secrets, registration }: Realm, stored: StoredClient, now: number): ReadClient {
  if (!('managed' in stored)) return { client: registration?.read(stored), until: undefined }
  const ends = stored.secrets.flatMap(({ until }) => (until !== undefined && until > now ? [until] : []))
  const until = ends.length === 0 ? undefined : Math.min(...ends)
  return { client: readManagedClient(stored, defaults, secrets, now), until }
}

function checkUpstream(upstream: Upstream | undefined, issuer: string, logger: Logger): Upstream | undefined {
  upstream?.checkIssuer?.(issuer)
  for (const remark of upstream?.remarks ?? []) logger.warn({ issuer }, remark)
  return upstream
}
