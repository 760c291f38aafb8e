import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { getPath, requireMethod, requireScope, scitokens } from '../src/index.ts'

// The whole URL is judged, whatever prefix Fastify knows and whatever made the URL what it is.

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
const open: FastifyInstance[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(() => Promise.all(open.splice(0).map((app) => app.close())))

async function guarded(options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  open.push(app)
  const { issuer: issuers, keys, clock } = issuer
  await app.register(scitokens, { issuers, audience: AUDIENCE, keys, clock, handleErrors: true })
  return app
}

const tell = async (request: FastifyRequest): Promise<unknown> => ({
  path: getPath(request),
  url: request.url,
  rest: (request.params as Record<string, string>)['*'],
})

async function ask(app: FastifyInstance, url: string, scope: string): Promise<{ status: number; body: object }> {
  const authorization = `Bearer ${await issuer.sign({ scope, aud: AUDIENCE })}`
  const answer = await app.inject({ url, headers: { authorization } })
  return { status: answer.statusCode, body: answer.json() }
}

describe('prefixes of Fastify', () => {
  it('belong to the path that is judged, however deep plugins are nested', async () => {
    const app = await guarded()
    await app.register(
      async (outer) => {
        await outer.register(
          async (inner) => {
            inner.addHook('onRequest', requireScope('read'))
            inner.get('/docs', tell)
            inner.get('/files/*', tell)
          },
          { prefix: '/A' },
        )
        outer.get('/B/files/*', { onRequest: requireMethod() }, tell)
      },
      { prefix: '/tenant' },
    )
    expect(await ask(app, '/tenant/A/docs', 'read:/tenant/A')).toMatchObject({ body: { path: '/tenant/A/docs' } })
    expect(await ask(app, '/tenant/A/files//%61', 'read:/tenant/A')).toEqual({
      status: 200,
      body: { path: '/tenant/A/files/a', url: '/tenant/A/files/a', rest: 'a' },
    })
    expect(await ask(app, '/tenant/B/files/a', 'read:/tenant/B')).toMatchObject({ status: 200 })
    for (const [url, scope] of [
      ['/tenant/A/docs', 'read:/docs'],
      ['/tenant/A/files/a', 'read:/files read:/a read:/A'],
      ['/tenant/B/files/a', 'read:/tenant/A read:/files'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await ask(app, url, scope), url).toMatchObject({ status: 403 })
    }
  })

  it('with a parameter must be told which path is served, in requireMethod too', async () => {
    const app = await guarded()
    await app.register(
      async (tenant) => {
        tenant.get('/docs', { onRequest: requireScope('read') }, tell)
        tenant.get('/files/*', { onRequest: requireMethod() }, tell)
        const path = (request: FastifyRequest) => `/tenant/${(request.params as { id: string }).id}/docs`
        tenant.get('/told', { onRequest: requireScope('read', path) }, tell)
      },
      { prefix: '/tenant/:id' },
    )
    expect(await ask(app, '/tenant/A/docs', 'read:/')).toMatchObject({ status: 500 })
    expect(await ask(app, '/tenant/A/files/a', 'read:/')).toMatchObject({ status: 500 })
    expect(await ask(app, '/tenant/A/told', 'read:/tenant/A')).toMatchObject({ status: 200 })
    expect(await ask(app, '/tenant/B/told', 'read:/tenant/A')).toMatchObject({ status: 403 })
  })
})

describe('the prefix of the guard', () => {
  it('is taken off, and nothing outside of it passes', async () => {
    const app = await guarded()
    app.addHook('onRequest', requireScope('read', undefined, { prefix: '/data', namespace: '/store' }))
    app.get('/data/*', tell)
    app.get('/elsewhere/*', tell)
    app.get('/*', tell)
    expect(await ask(app, '/data//%61', 'read:/store')).toEqual({
      status: 200,
      body: { path: '/store/a', url: '/data/a', rest: 'a' },
    })
    expect(await ask(app, '/data/a', 'read:/data read:/a')).toMatchObject({ status: 403 })
    expect(await ask(app, '/a', 'read:/')).toMatchObject({ status: 400 })
    expect(await ask(app, '/elsewhere/a', 'read:/')).toMatchObject({ status: 500 })
  })
})

describe('URLs that are rewritten', () => {
  it('by rewriteUrl, which may take off a prefix that the guard knows', async () => {
    const app = await guarded({ rewriteUrl: ({ url = '/' }) => url.replace(/^\/proxy/, '') || '/' })
    app.get('/store/*', { onRequest: requireScope('read', undefined, { prefix: '/proxy' }) }, tell)
    app.get('/other/*', { onRequest: requireScope('read') }, tell)
    app.addHook('onRequest', async () => {})
    expect(await ask(app, '/proxy/store//a?q', 'read:/store')).toEqual({
      status: 200,
      body: { path: '/store/a', url: '/store/a?q', rest: 'a' },
    })
    expect(await ask(app, '/proxy/store/a', 'read:/proxy')).toMatchObject({ status: 403 })
    expect(await ask(app, '/store/a', 'read:/')).toMatchObject({ status: 500 })
    expect(await ask(app, '/proxy/other/a', 'read:/')).toMatchObject({ status: 500 })
    expect(await ask(app, '/other/a', 'read:/other')).toMatchObject({ status: 200 })
  })

  it('by rewriteUrl in any other way are a mistake of the app: what the client named is not what is served', async () => {
    const app = await guarded({ rewriteUrl: ({ url = '/' }) => url.replace(/^\/latest/, '/store/v2') })
    app.get('/store/*', { onRequest: requireScope('read') }, tell)
    expect(await ask(app, '/latest/a', 'read:/latest read:/store')).toMatchObject({ status: 500 })
    expect(await ask(app, '/store/v2/a', 'read:/store/v2')).toMatchObject({ status: 200 })
  })

  it('guards in a row judge the same URL, and what the first has tidied up stays known', async () => {
    const app = await guarded({ rewriteUrl: ({ url = '/' }) => url })
    app.addHook('onRequest', requireScope('read'))
    app.addHook('onRequest', requireMethod())
    app.get('/store/*', { onRequest: requireScope('read') }, tell)
    expect(await ask(app, '/store//./%61', 'read:/store/a')).toMatchObject({
      status: 200,
      body: { path: '/store/a', url: '/store/a', rest: 'a' },
    })
  })

  it('by a hook after the router had read the wildcard: handlers see the wildcard of the path that was judged', async () => {
    const app = await guarded()
    app.addHook('onRequest', async (request) => {
      request.raw.url = request.url.replace('/secret', '/public')
    })
    app.get('/store/*', { onRequest: requireScope('read') }, tell)
    expect(await ask(app, '/store/secret/a', 'read:/store/public')).toMatchObject({
      status: 200,
      body: { path: '/store/public/a', rest: 'public/a' },
    })
    expect(await ask(app, '/store/secret/a', 'read:/store/secret')).toMatchObject({ status: 403 })
  })
})
