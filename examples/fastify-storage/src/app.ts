import { formatScope } from '@scitokens/core'
import {
  getAuth,
  getJudged,
  HttpRefusalError,
  requireMethod,
  scitokens,
  type SciTokensOptions,
} from '@scitokens/fastify-plugin'
import type { AccessLogEntry } from '@scitokens-examples/express-storage/app'
import type { FileStorage } from '@scitokens-examples/express-storage/storage'
import { Uploads } from '@scitokens-examples/express-storage/uploads'
import { METHODS, serve } from '@scitokens-examples/express-storage/webdav'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

/** Options of {@link createStorageApp}: whose tokens count, and the files. */
export interface StorageAppOptions extends SciTokensOptions {
  readonly storage: FileStorage
  /** Told of every decision. Default: nobody is. */
  readonly log?: (entry: AccessLogEntry) => void
}

/** The same service as on Express: two lines ask whether, one does it. */
export async function createStorageApp({
  storage,
  log = () => {},
  ...guard
}: StorageAppOptions): Promise<FastifyInstance> {
  const uploads = new Uploads(storage)
  const app = Fastify({ routerOptions: { maxParamLength: 4096 } })
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  leaveBodiesAlone(app)
  logRefusals(app, log)

  await app.register(scitokens, guard)
  app.addHook('onRequest', requireMethod({ exists: async (path) => (await storage.stat(path)) !== undefined }))
  app.all('/*', async (request: FastifyRequest, reply: FastifyReply) => {
    const { path, exists, destination, destinationExists, grantedBy } = getJudged(request)
    const { issuer, subject } = getAuth(request)
    log({
      method: request.method,
      path,
      subject,
      allowed: true,
      reason: grantedBy ? formatScope(grantedBy) : 'harmless',
    })
    // The right to replace was asked for only where something was there at that time; the storage holds on to that.
    const replace = (destination === undefined ? exists : destinationExists) !== false
    reply.hijack()
    const owner = `${issuer} ${subject}`
    const dav = { request: request.raw, response: reply.raw, path, destination, replace, owner, prefix: '' }
    await serve({ storage, uploads }, dav).catch((error: unknown) => fail(reply, error, log))
  })
  return app
}

/** Files of any size and type are streamed; Fastify would read them into memory. */
function leaveBodiesAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
}

function logRefusals(app: FastifyInstance, log: (entry: AccessLogEntry) => void): void {
  app.setErrorHandler(async (error: Error, { method, url }, reply) => {
    if (!(error instanceof HttpRefusalError)) throw error
    // The sentence for the world is in `message`; what exactly was wrong is in `cause`.
    log({ method, path: withoutQuery(url), allowed: false, code: error.code, reason: (error.cause as Error).message })
    return reply.code(error.status).headers(error.headers).send(error.body)
  })
}

/** For the log: clients put tokens into queries (RFC 6750 section 2.3). */
function withoutQuery(url: string): string {
  return url.split('?', 1)[0]!
}

/** A fault of the machine. After `hijack` nobody else would answer. */
function fail({ raw }: FastifyReply, error: unknown, log: (entry: AccessLogEntry) => void): void {
  log({
    method: raw.req.method ?? '',
    path: withoutQuery(raw.req.url ?? ''),
    allowed: true,
    reason: `failed: ${(error as Error).message}`,
  })
  if (raw.headersSent) raw.destroy()
  else raw.writeHead(500).end()
}
