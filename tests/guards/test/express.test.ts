import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { findAuth, getAuth, getPath, requireMethod, requireScope, scitokens } from '@scitokens/express-middleware'
import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import { describeGuard, describeQuestions, type GuardOptions, type Running } from './guard-contract.ts'
import { describeServedPaths, type Layout } from './served-path-contract.ts'

async function listen(app: express.Express, close: () => Promise<void>): Promise<Running> {
  const server = app.set('env', 'test').listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await close()
    },
  }
}

const noteJudged: RequestHandler = (request, response, next) => {
  response.set('x-judged', encodeURIComponent(getPath(request)))
  next()
}

type Build = (app: express.Express, guard: RequestHandler, files: RequestHandler) => express.Express

/** Where the guard and express.static sit. */
const PLACES: readonly { name: string; at: string; judgedAt: string; build: (make: typeof express) => Build }[] = [
  {
    name: 'at the root',
    at: '',
    judgedAt: '',
    build: () => (app, guard, files) => app.use(guard, requireScope('read'), noteJudged, files),
  },
  {
    name: 'mounted',
    at: '/data',
    judgedAt: '/data',
    build: () => (app, guard, files) => app.use(guard).use('/data', requireScope('read'), noteJudged, files),
  },
  {
    name: 'mounted, with the mount as its prefix',
    at: '/data',
    judgedAt: '',
    build: () => (app, guard, files) =>
      app.use(guard).use('/data', requireScope('read', undefined, { prefix: '/data' }), noteJudged, files),
  },
  {
    name: 'in a mounted router within another, for a part of the namespace',
    at: '/a/b',
    judgedAt: '/store/a',
    build: (make) => (app, guard, files) => {
      const read = requireScope('read', undefined, { prefix: '/a/b', namespace: '/store/a' })
      return app.use('/a', guard, make.Router().use('/b', read, noteJudged, files))
    },
  },
  {
    name: 'mounted with a parameter, in a router that is mounted with another',
    at: '/vo/cms',
    judgedAt: '/vo/cms',
    build: (make) => (app, guard, files) =>
      app.use(guard).use('/:kind', make.Router().use('/:name', requireScope('read'), noteJudged, files)),
  },
  {
    name: 'after a route that passes the request on',
    at: '/data',
    judgedAt: '/data',
    build: () => (app, guard, files) => {
      app.use(guard)
      app.get('/data/public', (_request, _response, next) => next())
      return app.use('/data', requireScope('read'), noteJudged, files)
    },
  },
]

for (const [name, make, wildcard] of [
  ['Express 5', express, '/data/*path'],
  ['Express 4', express4, '/data/*'],
] as const) {
  describeGuard(name, async (options) => {
    const guard = scitokens({ ...options, handleErrors: true })
    const app = make().use(guard)
    app.get(wildcard, requireScope('read'), (request, response) => {
      const auth = getAuth(request)
      response.json({ subject: auth.subject, path: getPath(request), write: auth.can('write', '/data/x') })
    })
    app.get('/who', (request, response) => void response.json({ who: findAuth(request)?.subject ?? 'nobody' }))
    app.get('/fixed', requireScope('write', '/x'), (_request, response) => void response.end('secret'))
    return listen(app, guard.close)
  })

  const layouts = PLACES.map(
    ({ name: place, at, judgedAt, build }): Layout => ({
      name: place,
      at,
      judgedAt,
      alsoServes: [['//public/a.txt', '/public/a.txt']],
      start: (root: string, options: GuardOptions) => {
        const guard = scitokens({ ...options, handleErrors: true })
        return listen(build(make)(make(), guard, make.static(root)), guard.close)
      },
    }),
  )
  describeServedPaths(`${name}: express.static`, layouts)
}

describeQuestions('Express', { requireScope, requireMethod })
