import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import express, { type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { getJudged, getPath, requireMethod, requireScope, scitokens } from '../src/index.ts'

// Express cuts off of the URL what a mount matched, whatever it was. The guard judges the whole of it.

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
const closing: (() => void)[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Answer {
  readonly status: number
  readonly body: string
}

/** Sends a target exactly as it is. */
type Ask = (path: string, scope: string, method?: string, headers?: Record<string, string>) => Promise<Answer>

async function serve(app: Express): Promise<Ask> {
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (path, scope, method = 'GET', headers = {}) => {
    const authorization = `Bearer ${await issuer.sign({ scope, aud: AUDIENCE })}`
    return new Promise((resolve, reject) => {
      const fields = { authorization, ...headers }
      httpRequest({ agent: false, host: '127.0.0.1', port, path, method, headers: fields }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () => resolve({ status: response.statusCode!, body }))
      })
        .on('error', reject)
        .end()
    })
  }
}

const tell: RequestHandler = (request, response) => void response.end(`${getPath(request)} ${request.url}`)

for (const [name, make, wildcard] of [
  ['Express 5', express, '/*rest'],
  ['Express 4', express4, '/*'],
] as const) {
  describe(name, () => {
    const guarded = (): Express =>
      make()
        .set('env', 'test')
        .use(
          scitokens({
            issuers: issuer.issuer,
            audience: AUDIENCE,
            keys: issuer.keys,
            clock: issuer.clock,
            handleErrors: true,
          }),
        )
    const read = requireScope('read')
    const inRouter = (build: (router: express.Router) => unknown, options?: express.RouterOptions): express.Router => {
      const router = make.Router(options)
      build(router)
      return router
    }

    it.each<[string, (app: Express) => unknown]>([
      ['a parameter', (app) => app.use('/tenant/:id', read, tell)],
      ['a parameter among several paths', (app) => app.use(['/group/:id', '/tenant/:id'], read, tell)],
      ['a regular expression', (app) => app.use(/^\/tenant\/[^/]+/, read, tell)],
      [
        'a router with mergeParams',
        (app) =>
          app.use(
            '/tenant/:id',
            inRouter((router) => router.use(read, tell), { mergeParams: true }),
          ),
      ],
      [
        'a router within a router',
        (app) =>
          app.use(
            '/tenant',
            inRouter((outer) =>
              outer.use(
                '/:id',
                inRouter((router) => router.use(read, tell)),
              ),
            ),
          ),
      ],
      ['a sub-app', (app) => app.use('/tenant/:id', make().use(read, tell) as never)],
      [
        'a sub-app within a router',
        (app) =>
          app.use(
            '/tenant',
            inRouter((router) => router.use('/:id', make().use(read, tell) as never)),
          ),
      ],
      [
        'a fixed route of a router',
        (app) =>
          app.use(
            '/tenant/:id',
            inRouter((router) => router.get('/docs', read, tell)),
          ),
      ],
      [
        'a wildcard route of a router',
        (app) =>
          app.use(
            '/tenant/:id',
            inRouter((router) => router.get(wildcard, read, tell), { mergeParams: true }),
          ),
      ],
      ['requireMethod', (app) => app.use('/tenant/:id', requireMethod(), tell)],
      [
        'requireMethod in a route of a router',
        (app) =>
          app.use(
            '/tenant/:id',
            inRouter((router) => router.get('/docs', requireMethod(), tell)),
          ),
      ],
    ])('a token for one tenant opens no other: %s', async (_what, build) => {
      const app = guarded()
      build(app)
      const ask = await serve(app)
      expect(await ask('/tenant/A/docs', 'read:/tenant/A')).toEqual({ status: 200, body: '/tenant/A/docs /docs' })
      expect((await ask('/tenant/%41/docs', 'read:/tenant/A')).body).toBe('/tenant/A/docs /docs')
      for (const [path, scope] of [
        ['/tenant/A/docs', 'read:/docs'],
        ['/tenant/B/docs', 'read:/docs'],
        ['/tenant/B/docs', 'read:/tenant/A'],
        ['/tenant/AB/docs', 'read:/tenant/A'],
        ['/tenant/a/docs', 'read:/tenant/A'],
      ] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect((await ask(path, scope)).status, `${scope} at ${path}`).toBe(403)
      }
      for (const path of ['/tenant/A%2F..%2FB/docs', '/tenant/%2e%2e/docs', '/tenant/./docs', '/tenant/%2E/docs']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { status } = await ask(path, 'read:/tenant')
        expect(status >= 400 && status < 500, path).toBe(true)
      }
    })

    it('one call, one namespace: mounts and routes judge the same path of the same URL', async () => {
      const app = guarded()
      app.get(`/store${wildcard}`, read, (request, response, next) => {
        response.set('x-route', getPath(request))
        next()
      })
      app.use('/store', read, tell)
      app.get('/other/fixed', read, (_request, _response, next) => next())
      app.use('/other', read, tell)
      const ask = await serve(app)
      expect(await ask('/other/fixed', 'read:/other')).toEqual({ status: 200, body: '/other/fixed /fixed' })
      expect(await ask('/store/run-1.txt', 'read:/store')).toEqual({ status: 200, body: '/store/run-1.txt /run-1.txt' })
      expect(await ask('/store/run-1.txt', 'read:/run-1.txt')).toMatchObject({ status: 403 })
      expect(await ask('/other/run-1.txt', 'read:/store')).toMatchObject({ status: 403 })
      expect(await ask('/store?x', 'read:/store')).toEqual({ status: 200, body: '/store /?x' })
      expect(await ask('/store?x', 'read:/')).toMatchObject({ status: 200 })
    })

    it('guards in a row judge the same URL, and what the first has tidied up stays known', async () => {
      const app = guarded()
      app.use(read)
      app.use(
        '/:kind',
        requireScope(['read', 'write']),
        inRouter((router) => router.use(requireMethod(), read)),
      )
      app.use(read, tell)
      const ask = await serve(app)
      expect(await ask('/%73tore//a/./b%20c?q', 'read:/store/a')).toEqual({
        status: 200,
        body: '/store/a/b c /store/a/b%20c?q',
      })
      expect(await ask('/%73tore?q', 'read:/store')).toMatchObject({ status: 200 })
    })

    it('scitokens() in two places does not forget what was tidied up between them', async () => {
      const app = guarded()
      const { issuer: issuers, keys, clock } = issuer
      app.use(read, scitokens({ issuers, audience: AUDIENCE, keys, clock, handleErrors: true }), read, tell)
      const ask = await serve(app)
      expect((await ask('//a', 'read:/a')).body).toBe('/a /a')
    })

    it('a prefix is taken off, and nothing outside of it passes', async () => {
      const app = guarded()
      app.use('/data', requireScope('read', undefined, { prefix: '/data' }), tell)
      app.use('/files', requireScope('read', undefined, { prefix: '/files', namespace: '/store' }), tell)
      app.use('/wrong', requireScope('read', undefined, { prefix: '/data' }), tell)
      app.use('/tenant/:id', requireScope('read', undefined, { prefix: '/tenant' }), tell)
      const ask = await serve(app)
      expect(await ask('/data/a', 'read:/a')).toEqual({ status: 200, body: '/a /a' })
      expect(await ask('/data/a', 'read:/data')).toMatchObject({ status: 403 })
      expect(await ask('/DATA/a', 'read:/')).toMatchObject({ status: 400 })
      expect(await ask('/files/a', 'read:/store')).toEqual({ status: 200, body: '/store/a /a' })
      expect(await ask('/tenant/A/a', 'read:/A')).toEqual({ status: 200, body: '/A/a /a' })
      expect(await ask('/tenant/B/a', 'read:/A read:/a')).toMatchObject({ status: 403 })
      expect(await ask('/wrong/a', 'read:/')).toMatchObject({ status: 500 })
    })

    describe('middleware that rewrites req.url before the guard', () => {
      const rewriting = async (change: (url: string) => string, options = {}): Promise<Ask> => {
        const app = make().set('env', 'test')
        app.use((request, _response, next) => {
          request.url = change(request.url)
          next()
        })
        app.use(guarded())
        app.use('/store', requireScope('read', undefined, options), tell)
        return serve(app as Express)
      }

      it('may take a prefix off that the guard knows: both ends see the same path', async () => {
        const ask = await rewriting((url) => url.replace(/^\/proxy/, ''), { prefix: '/proxy' })
        expect(await ask('/proxy/store//a', 'read:/store')).toEqual({ status: 200, body: '/store/a /a' })
        expect(await ask('/proxy/store/a', 'read:/proxy')).toMatchObject({ status: 403 })
        expect(await ask('/store/a', 'read:/')).toMatchObject({ status: 500 })
      })

      it('is refused as a mistake of the app otherwise, instead of judging one path and serving another', async () => {
        for (const change of [
          (url: string) => url.replace(/^\/proxy/, ''),
          (url: string) => url.replace('/latest', '/store/v2'),
          () => '/store/secret',
        ]) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const ask = await rewriting(change)
          for (const path of ['/proxy/store/a', '/latest/a']) {
            // oxlint-disable-next-line no-await-in-loop -- one after the other
            const { status } = await ask(path, 'read:/proxy read:/latest')
            expect([404, 500]).toContain(status)
          }
        }
      })

      it('also between the mount and the guard', async () => {
        const app = guarded()
        const swap: RequestHandler = (request, _response, next) => {
          request.url = '/secret'
          next()
        }
        app.use('/store', swap, read, tell)
        app.use(
          '/named',
          swap,
          requireScope('read', (request) => `/store${request.url}`),
          tell,
        )
        const ask = await serve(app)
        expect(await ask('/store/a', 'read:/store')).toMatchObject({ status: 500 })
        expect(await ask('/named/a', 'read:/store/secret')).toMatchObject({
          status: 200,
          body: '/store/secret /secret',
        })
      })
    })

    it('a COPY stays in the mount of the request', async () => {
      const app = guarded()
      app.use('/tenant/:id', requireMethod(), (request, response) => void response.end(getJudged(request).destination))
      const ask = await serve(app)
      const copy = (destination: string) =>
        ask('/tenant/A/x', 'read:/tenant/A write:/tenant write:/y', 'COPY', { destination })
      expect(await copy('/tenant/A/y')).toEqual({ status: 200, body: '/tenant/A/y' })
      for (const destination of ['/tenant/B/y', '/y', '/tenant/AB/y']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await copy(destination), destination).toMatchObject({ status: 400 })
      }
    })

    it('a mount that Express 4 lets end within a component is refused, not guessed', async () => {
      const app = guarded()
      app.use(/^\/data/, read, tell)
      const ask = await serve(app)
      const { status } = await ask('/data.json', 'read:/')
      expect(status).toBe(name === 'Express 4' ? 400 : 404)
    })
  })
}
