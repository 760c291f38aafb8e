import { systemClock } from '@scitokens/core'
import { type OptionReaders, readOptions, silentLogger, text, whole } from '@scitokens/core/internal'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { LoggerAudit, withoutSecrets } from '../audit/audit.ts'
import { buildServer } from '../http/build-server.ts'
import { ForeignKeys } from '../keys/foreign-keys.ts'
import type { SharedParts } from '../realm/open-realm.ts'
import { ISSUER_READERS } from '../realm/option-readers.ts'
import type { IssuerOptions } from '../realm/options.ts'
import type { Realm } from '../realm/realm.ts'
import { loadSecrets } from '../secrets/master-key.ts'
import { chooseStorage } from '../store/storage.ts'
import { STORAGE_ENGINES } from '../store/storages.ts'
import { Maintenance } from './maintenance.ts'
import { openRealms } from './open-realms.ts'
import { issuerPlugin } from './plugin.ts'
import { reconfigure } from './reconfigure.ts'

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
  /** One for each issuer URL. */
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

const LISTEN: OptionReaders<ListenOptions> = { host: text, port: whole(0, 65_535, 'a port') }

/**
 * Opens an issuer: checks the configuration, opens the store, makes keys where there are none. Nothing listens yet.
 *
 * Throws `config_error` naming the option at fault, `insecure_url` for an issuer without TLS, `undecided` where the store
 * cannot be reached.
 */
export async function openIssuer(options: IssuerOptions): Promise<Issuer> {
  const read = readOptions(options, ISSUER_READERS)
  const { shared, close: closeShared } = await openShared(read)
  const realms = await openRealms(read, shared).catch(async (error: unknown) => {
    await closeShared()
    throw error
  })
  const { clock, logger, store } = shared
  const maintenance = new Maintenance({
    realms,
    store,
    clock,
    logger,
    intervalMs: read.maintenanceIntervalMs ?? 10_000,
  })
  const { maxBodyBytes = 65_536, acceptMultipart = false } = read
  const plugin = issuerPlugin(realms, { maxBodyBytes, acceptMultipart })
  const servers: FastifyInstance[] = []
  const build = (serverOptions?: FastifyServerOptions): FastifyInstance => {
    const server = buildServer(plugin, serverOptions)
    servers.push(server)
    return server
  }
  return {
    plugin,
    realms,
    buildServer: build,
    listen: async (where = {}) => {
      const { host = '127.0.0.1', port = 0 } = readOptions(where, LISTEN)
      return build().listen({ host, port })
    },
    maintain: () => maintenance.run(),
    reconfigure: async (changed) => reconfigure(realms, readOptions(changed, ISSUER_READERS)),
    close: async () => {
      maintenance.stop()
      await Promise.all(servers.map((server) => server.close()))
      await shared.audit.close?.()
      await closeShared()
    },
  }
}

/** Opens what all realms of an issuer share, and tells how to close it; the audit is closed by whoever closes the issuer. */
async function openShared(options: IssuerOptions): Promise<{ shared: SharedParts; close: () => Promise<void> }> {
  const { clock = systemClock, logger = silentLogger, dangerouslyAllowLoopbackHttp = false } = options
  const storage = chooseStorage(STORAGE_ENGINES, options.storage)
  const secrets = loadSecrets(options.masterKey, storage.masterKey)
  const store = await storage.open(clock)
  const ownKeys = new ForeignKeys({ clock, dangerouslyAllowLoopbackHttp })
  const shared: SharedParts = {
    foreignKeys: options.foreignKeys ?? ownKeys,
    store,
    secrets,
    clock,
    audit: withoutSecrets(options.audit ?? new LoggerAudit(logger)),
    logger,
  }
  const close = async (): Promise<void> => {
    await ownKeys.close()
    await store.close()
  }
  return { shared, close }
}
