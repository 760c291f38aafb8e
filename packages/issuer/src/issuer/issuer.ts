import { ConfigError, systemClock } from '@scitokens/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { LoggerAudit, withoutSecrets } from '../audit/audit.ts'
import { refusePersonsSubjects, settleClients } from '../clients/settle-clients.ts'
import { ClockWatch } from './clock-watch.ts'
import { ForeignKeys } from '../keys/foreign-keys.ts'
import { loadSecrets } from '../secrets/master-key.ts'
import { openRealm, readChangedSettings, type SharedParts } from '../realm/open-realm.ts'
import type { IssuerOptions, RealmOptions } from '../realm/options.ts'
import { issuerPlugin } from './plugin.ts'
import type { Realm } from '../realm/realm.ts'
import { applySettings } from '../realm/realm-settings.ts'
import { buildServer } from '../http/build-server.ts'
import { chooseStorage } from '../store/storage.ts'
import { STORAGE_ENGINES } from '../store/storages.ts'
import { silentLogger } from '@scitokens/core/internal'

/** Options of {@link Issuer.listen}. */
export interface ListenOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: 0, a free one. */
  readonly port?: number
}

/** A running issuer: one or several VOs in one process. */
export interface Issuer {
  /** All endpoints, for a Fastify application of your own. */
  readonly plugin: FastifyPluginAsync
  readonly realms: readonly Realm[]
  /** A server with nothing but the issuer. Options go to Fastify (TLS, proxies, logger). */
  buildServer(options?: FastifyServerOptions): FastifyInstance
  /** Builds a server and listens; returns its address, such as `http://127.0.0.1:40123`. */
  listen(options?: ListenOptions): Promise<string>
  /** Looks at the keys and removes expired entries now; otherwise done regularly by itself. */
  maintain(): Promise<void>
  /**
   * Takes over changed `clients`, `policy`, `registration`, `scopesSupported`, `lifetime`, `profile` and `refresh` of the issuers of
   * this process that these options name, all or none; everything else in them is left aside. Requests that have begun end under what they began with.
   * What clients held that are no longer there ends for good.
   *
   * Rejects with `config_error` naming the option at fault, `undecided` where the store cannot be reached, and then changes nothing.
   */
  reconfigure(options: IssuerOptions): Promise<void>
  /** Ends what is under way and closes server, store and audit. */
  close(): Promise<void>
}

/** Entries that a step of cleaning removes: with SQLite and a million logins it keeps the process for some milliseconds. */
const SWEEP_LIMIT = 100
const MAX_SWEEPS = 200

/**
 * Creates an issuer: checks the configuration, opens the store, makes keys where there are none. Nothing listens yet.
 *
 * Throws `config_error` naming the option at fault, `insecure_url` for an issuer without TLS, `undecided` where the store
 * cannot be reached.
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const storage = chooseStorage(STORAGE_ENGINES, options.storage)
  const secrets = loadSecrets(options.masterKey, storage.masterKey)
  const store = await storage.open(clock)
  const ownKeys = new ForeignKeys({
    clock,
    dangerouslyAllowLoopbackHttp: options.dangerouslyAllowLoopbackHttp ?? false,
  })
  const foreignKeys = options.foreignKeys ?? ownKeys
  const shared: SharedParts = {
    foreignKeys,
    store,
    secrets,
    clock,
    audit: withoutSecrets(options.audit ?? new LoggerAudit(logger)),
    logger,
  }
  let realms: Realm[]
  try {
    realms = await openRealms(options, shared)
  } catch (error) {
    await store.close()
    throw error
  }
  const plugin = issuerPlugin(realms, {
    maxBodyBytes: options.maxBodyBytes ?? 65_536,
    acceptMultipart: options.acceptMultipart ?? false,
  })
  const servers: FastifyInstance[] = []

  const maintain = async (): Promise<void> => {
    for (const realm of realms) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: it is background work
      await realm.keys.refresh()
    }
    // In small steps, so that nobody waits for long; what is left is for the next time.
    for (let step = 0; step < MAX_SWEEPS; step++) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      if ((await store.sweep(SWEEP_LIMIT)) < SWEEP_LIMIT) break
    }
  }
  let maintaining = false
  let believed = true
  const watch = new ClockWatch(clock)
  const timer = setInterval(() => {
    const before = believed
    believed = watch.believes()
    if (before && !believed) {
      logger.warn({}, 'the clock has leapt ahead: nothing that expired by it is removed for an hour')
    }
    if (!believed) return
    // While the database is silent, one attempt waits for it, not one more with every interval.
    if (maintaining) return
    maintaining = true
    maintain()
      .catch((error: unknown) => logger.error({ err: error }, 'maintenance failed, it is tried again'))
      .finally(() => (maintaining = false))
  }, options.maintenanceIntervalMs ?? 10_000)
  timer.unref()

  const build = (serverOptions?: FastifyServerOptions): FastifyInstance => {
    const server = buildServer(plugin, serverOptions)
    servers.push(server)
    return server
  }
  return {
    plugin,
    realms,
    buildServer: build,
    listen: async ({ host = '127.0.0.1', port = 0 } = {}) => build().listen({ host, port }),
    maintain,
    reconfigure: (changed) => reconfigure(realms, changed),
    close: async () => {
      clearInterval(timer)
      await Promise.all(servers.map((server) => server.close()))
      await shared.audit.close?.()
      await ownKeys.close()
      await store.close()
    },
  }
}

/** Checks changed options of every realm first, then takes over all of them. */
async function reconfigure(realms: readonly Realm[], options: IssuerOptions): Promise<void> {
  const single = options.issuer === undefined ? [] : [options as RealmOptions]
  const changes = (options.realms ?? single).flatMap((changed, index) => {
    const realm = realms.find((one) => one.issuer === changed.issuer)
    if (!realm) return []
    return [{ realm, settings: readChangedSettings(realm, changed, options.realms ? `realms[${index}].` : '') }]
  })
  for (const { realm, settings } of changes) {
    // oxlint-disable-next-line no-await-in-loop -- errors in order
    await refusePersonsSubjects(realm, settings.clients)
  }
  for (const { realm, settings } of changes) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    await settleClients(realm, settings.clients, realm.clients.configured)
  }
  for (const { realm, settings } of changes) applySettings(realm, settings)
}

async function openRealms(options: IssuerOptions, shared: SharedParts): Promise<Realm[]> {
  const single = options.issuer === undefined ? [] : [options as RealmOptions]
  if (single.length > 0 && options.realms)
    throw new ConfigError('config_error', 'give one issuer directly, or several as realms, not both')
  const list = options.realms ?? single
  if (list.length === 0) throw new ConfigError('config_error', 'issuer: the URL of the issuer is missing')
  const realms: Realm[] = []
  for (const [index, realm] of list.entries()) {
    if (realms.some((other) => other.issuer.replace(/\/$/, '') === realm.issuer.replace(/\/$/, ''))) {
      throw new ConfigError('config_error', `realms[${index}].issuer: ${realm.issuer} is there twice`)
    }
    // oxlint-disable-next-line no-await-in-loop -- each makes its keys under a lease of its own; order keeps errors clear
    realms.push(await openRealm(realm, options, shared, options.realms ? `realms[${index}].` : ''))
  }
  return realms
}
