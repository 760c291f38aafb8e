import {
  type Auth,
  fromRawHeaders,
  type GuardOutcome,
  HttpRefusalError,
  type ResourceMetadata,
} from '@scitokens/enforcer/http'
import { createAppGuard, cutTarget, readSkinOptions } from '@scitokens/enforcer/internal'
import { KeyCache } from '@scitokens/keycache'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { guarded, type Refuse } from './guarded.ts'
import type { SciTokensOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; null where credentials are optional and none came. */
    scitoken: Auth | null
  }
}

/**
 * Asks every request of the instance that registers it, and of those within, for an acceptable token. What the token allows is
 * asked afterwards, by `requireScope` or `requireMethod`.
 *
 * Rejects with `config_error`, `insecure_url` for options that make no sense.
 */
export const scitokens: FastifyPluginAsync<SciTokensOptions> = fastifyPlugin(register, {
  name: '@scitokens/fastify-plugin',
  fastify: '5.x',
})

async function register(app: FastifyInstance, options: SciTokensOptions): Promise<void> {
  const { keyCache, handleErrors = false, ...guardOptions } = readSkinOptions<SciTokensOptions>(options, {})
  const { queryParameter } = guardOptions
  const { guard, metadata } = createAppGuard(guardOptions, (needs) => {
    const cache = new KeyCache({ ...needs, ...keyCache, issuers: needs.issuers })
    app.addHook('onClose', () => cache.close())
    return cache
  })
  const refuse: Refuse = (stopped, reply, done) => {
    if (!handleErrors) done(new HttpRefusalError(stopped))
    else void reply.code(stopped.status).headers(stopped.headers).send(stopped.body)
  }

  if (metadata) serveMetadata(app, metadata)
  app.decorateRequest('scitoken', null)
  const proceed = (outcome: GuardOutcome, request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    if (!outcome.ok) return refuse(outcome, reply, done)
    guarded.set(request, { guard, auth: outcome.auth, refuse, judged: undefined, url: undefined })
    request.scitoken = outcome.auth ?? null
    done()
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (metadata && request.routeOptions.url === metadata.path) return done()
    const headers = fromRawHeaders(request.raw.rawHeaders)
    const outcome = guard.authenticate(
      queryParameter === undefined ? { headers } : { headers, query: cutTarget(request.url).query },
    )
    // A token that is known costs no wait.
    if (!(outcome instanceof Promise)) return proceed(outcome, request, reply, done)
    outcome.then((waited) => proceed(waited, request, reply, done)).catch(done)
  })
}

type Done = (error?: Error) => void

/** RFC 9728: for everybody, wherever the page that asks comes from. */
function serveMetadata(app: FastifyInstance, { path, document, headers }: ResourceMetadata): void {
  app.get(path, async (_request, reply) => reply.headers(headers).send(JSON.stringify(document)))
  app.options(path, async (_request, reply) =>
    reply
      .code(204)
      .headers({ 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, HEAD, OPTIONS' })
      .send(),
  )
}
