import type { Logger } from '@scitokens/core/internal'
import type { Issuer } from '@scitokens/issuer'
import { buildServer, shownRequest, UserLimit } from '@scitokens/issuer/internal'
import type { ServerMaker, Serving } from '@scitokens/service'
import type { Demo } from '@scitokens/token-generator'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { ReadConfig } from './config/config-file.ts'
import type { ConfigFile } from './config/config-schema.ts'
import { openConfiguredDemo } from './issuer/configured-demo.ts'
import { configuredOptions, located, openWithAudit, type ServeOptions } from './issuer/configured-issuer.ts'
import { limitRate, type Named } from './limits/rate-limit.ts'
import { type ReadRateLimits, readRateLimits } from './limits/rate-limits.ts'
import { nameLocalPeers } from './listen/local-peers.ts'
import { IssuerMetrics } from './operation/metrics.ts'
import { problemsOf, storeIsUp } from './operation/readiness.ts'
import { ConfigReload } from './operation/reload.ts'

/** Bounds on what slow or greedy clients can hold. */
const HTTP_LIMITS = { headersSeconds: 10, requestSeconds: 10, keepAliveSeconds: 30, idleSeconds: 30 }

/** The issuer and the demo of a configuration, with the limits and metrics around them, as a service serves them. */
export class RunningIssuer {
  readonly issuer: Issuer
  readonly #demo: Demo | undefined
  readonly #metrics: IssuerMetrics
  readonly #logger: Logger
  #limits: ReadRateLimits

  /** Opens what a configuration means. Throws `config_error` that names file, line and key; nothing is left open then. */
  static async open(read: ReadConfig, { env, logger, clock }: ServeOptions): Promise<RunningIssuer> {
    const limits = await located(read, async () => readRateLimits(read.config.rateLimit))
    const metrics = new IssuerMetrics()
    const options = await configuredOptions(read, env, logger)
    const count = metrics.count.bind(metrics)
    const issuer = await openWithAudit(read, options, { logger, count, ...(clock && { clock }) })
    try {
      const demo = await located(read, () => openConfiguredDemo(read.config, { logger, ...(clock && { clock }) }))
      return new RunningIssuer({ issuer, demo, metrics, logger, limits })
    } catch (error) {
      await issuer.close()
      throw error
    }
  }

  private constructor(parts: {
    readonly issuer: Issuer
    readonly demo: Demo | undefined
    readonly metrics: IssuerMetrics
    readonly logger: Logger
    readonly limits: ReadRateLimits
  }) {
    this.issuer = parts.issuer
    this.#demo = parts.demo
    this.#metrics = parts.metrics
    this.#logger = parts.logger
    this.#limits = parts.limits
    for (const realm of this.issuer.realms) realm.userLimit = new UserLimit(this.#limits.perUser, realm.clock)
    this.#metrics.observe(this.issuer.realms, () => storeIsUp(this.issuer.realms))
  }

  /**
   * Makes its server.
   *
   * @param believes - whether an address is believed what it says of its clients.
   */
  async serve(make: ServerMaker['http'], believes: (address: string) => boolean): Promise<FastifyInstance> {
    const app = buildServer(this.#plugin(), {
      serverFactory: (handler) => make(handler, HTTP_LIMITS),
      trustProxy: believes,
    })
    nameLocalPeers(app.server)
    await app.ready()
    return app
  }

  /** What the service is told of the server. */
  serving(app: FastifyInstance, reload: ConfigReload): Serving {
    return {
      ready: () => problemsOf(this.issuer.realms),
      metrics: () => this.#metrics.text(),
      reload: async () => {
        await this.#reopenAudit()
        return reload.read()
      },
      close: async () => {
        await app.close()
        await this.close()
      },
    }
  }

  /** Reads the limits of a changed configuration. Throws `config_error`. Answers what takes them over. */
  prepareLimits(config: ConfigFile): () => void {
    const limits = readRateLimits(config.rateLimit)
    return () => {
      this.#limits = limits
      for (const { userLimit } of this.issuer.realms) if (userLimit) userLimit.max = limits.perUser
    }
  }

  async close(): Promise<void> {
    await this.#demo?.close()
    await this.issuer.close()
  }

  #plugin(): FastifyPluginAsync {
    return async (app) => {
      // Before the routes, which inherit what they find.
      this.#metrics.watch(app)
      // Before the issuer's limits: the demonstration has its own, so that nobody uses up there what he needs here.
      if (this.#demo) await app.register(this.#demo.hostPlugin)
      const byCertificate = (request: FastifyRequest): Named | undefined => holderOfCertificate(this.issuer, request)
      limitRate(app, () => this.#limits, { byCertificate })
      await app.register(this.issuer.plugin)
    }
  }

  /** Also where the file has a mistake: whoever renamed the audit file waits for it. */
  async #reopenAudit(): Promise<void> {
    try {
      await this.issuer.realms[0]!.audit.reopen?.()
    } catch (error) {
      this.#logger.error({ err: error }, 'the audit file could not be opened anew, the old one is written on')
    }
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
