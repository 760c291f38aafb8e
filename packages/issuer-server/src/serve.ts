import { setTimeout } from 'node:timers/promises'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Issuer } from '@scitokens/issuer'
import { buildServer, shownRequest, UserLimit } from '@scitokens/issuer/internal'
import type { Demo } from '@scitokens/token-generator'
import { readConfigFile } from './config/config-file.ts'
import { located, openIssuer, readOptions, type ServeOptions } from './issuer/configured-issuer.ts'
import { openConfiguredDemo } from './issuer/configured-demo.ts'
import { LeveledLogger } from './operation/leveled-logger.ts'
import { closeGracefully, listenOn, nameLocalPeers } from './listen/listening.ts'
import { IssuerMetrics } from './operation/metrics.ts'
import { buildOperationsServer } from './operation/operations-server.ts'
import { limitRate, type Named } from './limits/rate-limit.ts'
import { readRateLimits } from './limits/rate-limits.ts'
import { Reloader, type ReloadOutcome } from './operation/reload.ts'
import { listenOptions } from './listen/listen-options.ts'

/** An issuer that answers. */
export interface ServedIssuer {
  readonly issuer: Issuer
  /** Where it listens, such as `https://127.0.0.1:443`. */
  readonly address: string
  /** Where health and metrics are, if anywhere. */
  readonly operationsAddress: string | undefined
  /**
   * Opens the audit file anew (it may have been renamed) and reads the configuration again: clients, policy, limits, log level and the
   * certificate change at once, or nothing does where the file has a mistake. Never rejects: the outcome is logged and counted.
   */
  reload(): Promise<ReloadOutcome>
  /** Lets requests finish that have begun, takes no more, closes everything. */
  stop(): Promise<void>
}

/**
 * Runs an issuer from its configuration file. Throws `config_error` that names file, line and key before anything listens.
 *
 * @param path - of the configuration file.
 */
export async function serveIssuer(path: string, { env, clock, ...options }: ServeOptions): Promise<ServedIssuer> {
  const read = await readConfigFile(path)
  const { listen = {}, operations = {}, logLevel } = read.config
  const logger = new LeveledLogger(options.logger, logLevel)
  const metrics = new IssuerMetrics()
  let limits = await located(read, async () => readRateLimits(read.config.rateLimit))
  const { server, tls } = await located(read, () => listenOptions(read.config))
  const count = metrics.count.bind(metrics)
  const issuer = await openIssuer(read, await readOptions(read, env, logger), {
    logger,
    count,
    ...(clock && { clock }),
  })
  const users = issuer.realms.map((realm) => (realm.userLimit = new UserLimit(limits.perUser, realm.clock)))
  let demo: Demo | undefined
  let stopping = false
  const servers: FastifyInstance[] = []
  try {
    demo = await located(read, () => openConfiguredDemo(read.config, { logger, ...(clock && { clock }) }))
    const guarded: FastifyPluginAsync = async (app) => {
      // Before the routes, which inherit what they find.
      metrics.watch(app)
      // Before the issuer's limits: the demonstration has its own, so that nobody uses up there what he needs here.
      if (demo) await app.register(demo.hostPlugin)
      limitRate(app, () => limits, { byCertificate: (request) => holderOfCertificate(issuer, request) })
      await app.register(issuer.plugin)
    }
    const app = buildServer(guarded, server)
    servers.push(app)
    if (listen.socket !== undefined) nameLocalPeers(app)
    const port = listen.port ?? (tls ? 443 : 8080)
    const address = await located(read, () =>
      listenOn(app, listen.socket === undefined ? { host: listen.host ?? '127.0.0.1', port } : { path: listen.socket }),
    )
    let operationsAddress: string | undefined
    if (operations !== false) {
      const other = buildOperationsServer({ realms: issuer.realms, metrics, isStopping: () => stopping })
      servers.push(other)
      const { host = '127.0.0.1', port: operationsPort = 9464 } = operations
      operationsAddress = await listenOn(other, { host, port: operationsPort })
    }
    const reloader = new Reloader(read, {
      issuer,
      env,
      logger,
      note: ({ ok }) => metrics.reloaded(ok),
      prepare: async (config) => {
        const newLimits = readRateLimits(config.rateLimit)
        const changed = await listenOptions(config)
        return () => {
          limits = newLimits
          logger.level = config.logLevel ?? 'info'
          for (const user of users) user.max = limits.perUser
          if (tls && changed.tls) (app.server as unknown as TlsServer).setSecureContext(changed.tls)
        }
      },
    })
    return {
      issuer,
      address,
      operationsAddress,
      reload: async () => {
        // Also where the file has a mistake: whoever renamed the audit file waits for it.
        await issuer.realms[0]!.audit.reopen?.().catch((error: unknown) => {
          logger.error({ err: error }, 'the audit file could not be opened anew, the old one is written on')
        })
        return reloader.reload()
      },
      stop: async () => {
        stopping = true
        if (listen.drainSeconds) await setTimeout(listen.drainSeconds * 1000)
        // Health is told to the end.
        for (const one of servers) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await closeGracefully(one)
        }
        await demo?.close()
        await issuer.close()
      },
    }
  } catch (error) {
    await Promise.all(servers.map((one) => one.close()))
    await demo?.close()
    await issuer.close()
    throw error
  }
}

/** Whom a request shows that comes with a certificate of the grid and names no client. */
function holderOfCertificate({ realms }: Issuer, request: FastifyRequest): Named | undefined {
  for (const { x509 } of realms) {
    const certificate = x509?.shownBy(shownRequest(request))
    if (x509 && certificate !== undefined) return { clientId: x509.clientId, certificate }
  }
  return undefined
}
