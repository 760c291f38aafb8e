import { type Algorithm, type Clock, ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { AUTH_METHODS, methodsWithMaterial } from '../clients/auth-method.ts'
import type { Client, RefreshPolicy } from '../clients/client.ts'
import type { ClientOptions } from '../clients/client-options.ts'
import { openRegistration, type Registration } from '../clients/open-registration.ts'
import { type ClientDefaults, readClient, seconds } from '../clients/read-client.ts'
import type { ClientCertificateUse } from '../clients/auth-method.ts'
import { GRANTS } from '../grants/grants.ts'
import type { RealmOptions } from './options.ts'
import { type Policy, readPolicy } from '../policy/policy.ts'
import type { Realm } from './realm.ts'
import type { Secrets } from '../secrets/secrets.ts'

/** What of an issuer may change while it runs: its clients, its policy, and what they are given. */
export interface RealmSettings {
  readonly defaults: ClientDefaults
  readonly clients: readonly Client[]
  readonly policy: Policy
  readonly registration: Registration | undefined
  readonly scopesSupported: readonly string[]
}

/** What settings are checked against, and what cannot change. */
export interface SettingsContext {
  readonly secrets: Secrets
  readonly clock: Clock
  readonly algorithms: readonly Algorithm[]
  readonly maxLifetime: number
  readonly clientCertificates: ClientCertificateUse | undefined
}

/** WLCG profile 1.3, section on token lifetimes. */
const REFRESH_DEFAULTS: RefreshPolicy = {
  rotate: true,
  graceSeconds: 300,
  lifetimeSeconds: 30 * 86_400,
  maxSeconds: undefined,
}

/** Reads the settings of an issuer. Throws `config_error` naming the key at fault. */
export function readSettings(options: RealmOptions, context: SettingsContext, at: string): RealmSettings {
  const { secrets, clock, algorithms, maxLifetime, clientCertificates } = context
  const defaults: ClientDefaults = {
    lifetime: seconds(options.lifetime ?? 3600, `${at}lifetime`),
    maxLifetime,
    profile: options.profile ?? 'scitoken:2.0',
    algorithms,
    refresh: { ...REFRESH_DEFAULTS, ...options.refresh },
    grants: GRANTS,
    clientCertificates,
  }
  return {
    defaults,
    clients: readClients(options, defaults, secrets, at),
    policy: readPolicy(options.policy, at),
    registration:
      options.registration && openRegistration(options.registration, defaults, secrets, clock, `${at}registration`),
    scopesSupported: options.scopesSupported ?? scopesOf(options),
  }
}

/**
 * Lets a running issuer follow its settings from now on. Requests that have begun keep the client and the policy with which they
 * began; what was decided or read under the old ones is not used again.
 */
export function applySettings(realm: Realm, settings: RealmSettings): void {
  realm.defaults = settings.defaults
  realm.policy = settings.policy
  realm.scopesSupported = settings.scopesSupported
  // Its endpoints exist or they do not; who has registered a lot lately stays known.
  if (realm.registration && settings.registration) {
    realm.registration = { ...settings.registration, attempts: realm.registration.attempts }
  }
  realm.clients.replace(settings.clients)
}

function readClients(options: RealmOptions, defaults: ClientDefaults, secrets: Secrets, at: string): readonly Client[] {
  const clients = (options.clients ?? []).map((client, index) =>
    readClient(withMaterial(client, `${at}clients[${index}]`), defaults, secrets, `${at}clients[${index}]`),
  )
  const ids = clients.map((client) => client.clientId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined)
    throw new ConfigError('config_error', `${at}clients: ${JSON.stringify(twice)} is there twice`)
  return clients
}

/** A method without what it checks would let nobody in, ever. */
function withMaterial(client: ClientOptions, at: string): ClientOptions {
  const there = methodsWithMaterial(client)
  for (const method of client.authMethods ?? []) {
    if (!Object.hasOwn(AUTH_METHODS, method))
      throw new ConfigError('config_error', `${at}.authMethods: ${quote(method)} is no method`)
    const { material } = AUTH_METHODS[method]
    if (material !== undefined && !there.includes(method))
      throw new ConfigError('config_error', `${at}.authMethods: ${method} needs ${material}`)
  }
  return client
}

const STANDARD_SCOPES = ['openid', 'profile', 'email', 'offline_access', 'wlcg', 'wlcg.groups']

function scopesOf({ clients = [], policy }: RealmOptions): readonly string[] {
  const named = [
    ...clients.flatMap((client) => client.scopes ?? []),
    ...(policy?.rules ?? []).flatMap((rule) => rule.scopes),
  ].filter((scope) => !scope.includes('{'))
  return [...new Set([...STANDARD_SCOPES, ...named])]
}
