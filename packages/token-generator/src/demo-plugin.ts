import { SciTokenError } from '@scitokens/core'
import { formatRetryAfter, networkOfPeer, WindowCounter } from '@scitokens/core/internal'
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  RouteShorthandOptions,
} from 'fastify'
import { NO_STORE, OAuthError, refuseDoubledFields } from '@scitokens/issuer/internal'
import { acceptAnyBody } from './routes/body.ts'
import type { DemoContext, DemoParts } from './demo-context.ts'
import { issueRoutes } from './routes/issue.ts'
import { metadataRoutes } from './routes/metadata.ts'
import { oauthRoutes } from './routes/oauth.ts'
import { pageRoutes } from './routes/page.ts'
import { protectedRoutes } from './routes/protected.ts'
import { sampleRoutes } from './routes/samples.ts'
import { verifyRoutes } from './routes/verify.ts'

const MINUTE_MS = 60_000
/** Most addresses that are counted at a time; the longest unseen are forgotten first. */
const REMEMBERED = 50_000

const ROUTES = [issueRoutes, verifyRoutes, metadataRoutes, oauthRoutes, protectedRoutes, sampleRoutes, pageRoutes]

/**
 * A demonstration on a server that it shares with an issuer in earnest: it answers its own host, and nothing else does. To be
 * registered before the issuer, whose routes inherit the guard.
 */
export function demoHostPlugin(parts: DemoParts): FastifyPluginAsync {
  const { host } = parts.settings
  const plugin: FastifyPluginAsync = async (app) => {
    const name = hostnameOf(host)
    app.addHook('onRequest', async ({ headers, routeOptions }, reply) => {
      // No page of the issuer, and no cookie of it, under the name of the demonstration, however it is spelt.
      if (hostnameOf(headers.host) === name && !(ROUTE_MARK in routeOptions.config)) reply.callNotFound()
    })
    await app.register(demoPlugin(parts, host))
  }
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/** The name in a Host header: without port, in small letters, without a dot at the end. */
function hostnameOf(host: string | undefined): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/\.$/, '') : undefined
}

const ROUTE_MARK = 'isDemo'

/**
 * The endpoints of a demonstration as one Fastify plugin, with body parsing, limits and error handling of its own.
 *
 * @param host - answers this host only.
 */
export function demoPlugin(parts: DemoParts, host?: string): FastifyPluginAsync {
  return async (app) => {
    acceptAnyBody(app, parts.settings.maxBodyBytes)
    refuseDoubledFields(app)
    allowOtherOrigins(app, parts, host)
    app.setErrorHandler((error: FastifyError, request, reply) => {
      if (error instanceof OAuthError) {
        return sendProblem(reply.code(error.status).headers(error.headers), error.message)
      }
      const status = statusOf(error)
      if (status >= 500) {
        parts.settings.logger.error({ err: error, url: request.routeOptions.url }, 'a request failed')
      }
      return sendProblem(reply.code(status), status < 500 ? error.message : 'Something went wrong here.')
    })
    const route = optionsFor(host)
    const limited = { ...route, onRequest: neverKept, preHandler: limiter(parts.settings.perAddress) }
    const context: DemoContext = { ...parts, app, route, limited }
    for (const add of ROUTES) add(context)
  }
}

/** What signs or verifies answers with tokens, or speaks of one: no cache keeps it. RFC 6749 section 5.1. */
async function neverKept(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.headers(NO_STORE)
}

/** Everything here is public and nothing knows who asks: any page may. No cookies, so nothing can be asked in somebody's name. */
function allowOtherOrigins(app: FastifyInstance, { settings }: DemoParts, host: string | undefined): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*')
  })
  app.options(`${settings.basePath}/*`, optionsFor(host), (_request, reply) =>
    reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '86400',
      })
      .code(204)
      .send(),
  )
}

function optionsFor(host: string | undefined): RouteShorthandOptions {
  return { config: { [ROUTE_MARK]: true }, ...(host !== undefined && { constraints: { host } }) }
}

/** Answers 429 where one address, or one /64 of IPv6, asks more than `max` times in a minute. */
function limiter(max: number): preHandlerAsyncHookHandler {
  const counter = new WindowCounter({ window: MINUTE_MS, maxKeys: REMEMBERED, clock: () => performance.now() })
  return async ({ ip }, reply) => {
    const { count, left } = counter.add(networkOfPeer(ip))
    if (count <= max) return
    const seconds = formatRetryAfter(left / 1000)
    await sendProblem(reply.code(429).header('retry-after', seconds), `Too many requests: wait ${seconds} s.`)
  }
}

function statusOf(error: FastifyError | SciTokenError): number {
  if (!(error instanceof SciTokenError)) {
    return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500
  }
  // A key that came with a request and cannot be used is told as a mistake of configuration.
  const isOurs = error.family === 'undecided' || error.code === 'config_error'
  return isOurs ? 500 : 400
}

function sendProblem(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/plain; charset=utf-8').send(text)
}
