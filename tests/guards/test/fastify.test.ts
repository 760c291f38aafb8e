import type { AddressInfo } from 'node:net'
import fastifyStatic from '@fastify/static'
import {
  findAuth,
  getAuth,
  getPath,
  requireMethod,
  requireScope,
  scitokens,
  type UrlNamespaceOptions,
} from '@scitokens/fastify-plugin'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { describeGuard, describeQuestions, type Running } from './guard-contract.ts'
import { describeServedPaths, type Layout } from './served-path-contract.ts'

async function listen(app: FastifyInstance): Promise<Running> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: (app.server.address() as AddressInfo).port,
    close: async () => {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

describeGuard('Fastify 5', async (options) => {
  const app = Fastify()
  await app.register(scitokens, { ...options, handleErrors: true })
  app.get('/data/*', { onRequest: requireScope('read') }, async (request) => {
    const auth = getAuth(request)
    return { subject: auth.subject, path: getPath(request), write: auth.can('write', '/data/x') }
  })
  app.get('/who', async (request) => ({ who: findAuth(request)?.subject ?? 'nobody' }))
  app.get('/fixed', { onRequest: requireScope('write', '/x') }, async () => 'secret')
  return listen(app)
})

describeQuestions('Fastify 5', { requireScope, requireMethod })

interface Place {
  readonly name: string
  readonly at: string
  readonly judgedAt: string
  readonly options?: FastifyServerOptions
  readonly guard?: UrlNamespaceOptions
}

const PLACES: readonly Place[] = [
  { name: 'at the root', at: '', judgedAt: '' },
  { name: 'below a path', at: '/data', judgedAt: '/data' },
  { name: 'below a path, which is its prefix', at: '/data', judgedAt: '', guard: { prefix: '/data' } },
  {
    name: 'below a path, for a part of the namespace',
    at: '/data',
    judgedAt: '/store/a',
    guard: { prefix: '/data', namespace: '/store/a' },
  },
  {
    name: 'with a router that ignores case',
    at: '/data',
    judgedAt: '',
    guard: { prefix: '/data' },
    options: { routerOptions: { caseSensitive: false } },
  },
  {
    name: 'with a router that ignores slashes',
    at: '/data',
    judgedAt: '',
    guard: { prefix: '/data' },
    options: { routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true } },
  },
]

const layouts = PLACES.map(
  ({ name, at, judgedAt, options = {}, guard = {} }): Layout => ({
    name,
    at,
    judgedAt,
    start: async (root, trust) => {
      const app = Fastify(options)
      await app.register(scitokens, { ...trust, handleErrors: true })
      app.addHook('onRequest', requireScope('read', undefined, guard))
      app.addHook('onRequest', async (request, reply) => {
        reply.header('x-judged', encodeURIComponent(getPath(request)))
      })
      await app.register(fastifyStatic, { root, prefix: `${at}/` })
      // A page for what does not exist that tries harder than it should.
      app.setNotFoundHandler((request, reply) => reply.code(200).sendFile(getPath(request).slice(judgedAt.length + 1)))
      return listen(app)
    },
  }),
)
describeServedPaths('Fastify 5: @fastify/static', layouts)
