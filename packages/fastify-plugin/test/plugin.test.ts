import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  findAuth,
  getAuth,
  getJudged,
  getPath,
  requireMethod,
  requireScope,
  scitokens,
  type SciTokensOptions,
} from '../src/index.ts'

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
const open: FastifyInstance[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(() => Promise.all(open.splice(0).map((app) => app.close())))

const bearer = async (scope: string, aud = AUDIENCE): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await issuer.sign({ scope, aud })}`,
})

async function guarded(options: Partial<SciTokensOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify()
  open.push(app)
  const { issuer: name, keys, clock } = issuer
  await app.register(scitokens, { issuers: name, audience: AUDIENCE, keys, clock, ...options })
  return app
}

describe('the plugin', () => {
  it('lets a request pass whose token allows it, and says who asks', async () => {
    const app = await guarded()
    app.get('/data/*', { onRequest: requireScope('read') }, async (request) => ({
      subject: getAuth(request).subject,
      same: request.scitoken === getAuth(request),
      path: getPath(request),
      write: getAuth(request).can('write', '/data/x'),
    }))
    const answer = await app.inject({ url: '/data/x', headers: await bearer('read:/data') })
    expect(answer.json()).toEqual({ subject: 'test-user', same: true, path: '/data/x', write: false })
    const refused = await app.inject({ url: '/data/x', headers: await bearer('read:/other') })
    expect(refused.statusCode).toBe(403)
    expect(refused.headers['www-authenticate']).toContain('scope="read:/data/x"')
  })

  it("throws refusals; Fastify's own handler answers with status, code and challenge, and no detail", async () => {
    const app = await guarded()
    const answer = await app.inject({ url: '/', headers: await bearer('read:/', 'https://other.example') })
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(answer.json()).toEqual({
      statusCode: 401,
      code: 'aud_mismatch',
      error: 'Unauthorized',
      message: 'The access token is meant for another server',
    })
  })

  it("hands refusals to the app's error handler with what was wrong as the cause", async () => {
    const app = await guarded()
    app.setErrorHandler(async (error: Error & { code: string }, _request, reply) =>
      reply.code(418).send({ code: error.code, cause: (error.cause as Error).message }),
    )
    const answer = await app.inject({ url: '/', headers: { authorization: 'Bearer nonsense' } })
    expect(answer.json()).toMatchObject({ code: 'malformed_token', cause: expect.any(String) })
  })

  it('answers itself with handleErrors', async () => {
    const app = await guarded({ handleErrors: true, realm: 'data' })
    app.get('/x', { onRequest: requireScope('write') }, async () => 'secret')
    const answer = await app.inject({ url: '/x', headers: await bearer('read:/') })
    expect(answer.statusCode).toBe(403)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="data", error="insufficient_scope"/)
    expect(answer.json()).toEqual({
      error: 'insufficient_scope',
      error_description: 'The access token does not allow this',
    })
  })

  it('optional credentials may be missing, but not bad, and never answer a question with yes', async () => {
    const app = await guarded({ required: false })
    app.get('/who', async (request) => ({ who: findAuth(request)?.subject ?? 'nobody', token: request.scitoken }))
    app.get('/guarded', { onRequest: requireScope('read') }, async () => 'secret')
    expect((await app.inject('/who')).json()).toEqual({ who: 'nobody', token: null })
    expect((await app.inject({ url: '/who', headers: { authorization: 'Bearer nonsense' } })).statusCode).toBe(401)
    expect((await app.inject('/guarded')).statusCode).toBe(401)
  })

  it('guards the instance that registers it and those within, not those beside', async () => {
    const app = Fastify()
    open.push(app)
    const { issuer: name, keys, clock } = issuer
    await app.register(async (scope) => {
      await scope.register(scitokens, { issuers: name, audience: AUDIENCE, keys, clock })
      scope.get('/inside', async () => 'inside')
    })
    app.get('/outside', async () => 'outside')
    expect((await app.inject('/inside')).statusCode).toBe(401)
    expect((await app.inject('/outside')).body).toBe('outside')
  })

  it('sees the second of two Authorization headers, which Node drops', async () => {
    const app = await guarded()
    app.get('/', async () => 'secret')
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { request } = await import('node:http')
    const { authorization } = await bearer('read:/')
    const status = await new Promise((resolve, reject) => {
      const headers = ['Host', 'x', 'Authorization', authorization!, 'Authorization', 'Bearer other']
      const { port } = app.server.address() as { port: number }
      request({ host: '127.0.0.1', port, headers: headers as never }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(400)
  })

  it('tells a missing plugin from a bad token: 500, and what to do', async () => {
    const app = Fastify()
    open.push(app)
    app.get('/', { onRequest: requireScope('read') }, async () => 'secret')
    const answer = await app.inject('/')
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({
      code: 'config_error',
      message: expect.stringContaining('app.register(scitokens'),
    })
  })

  it('refuses options that make no sense when it is registered', async () => {
    await expect(guarded({ audience: 'ANY' })).rejects.toMatchObject({ code: 'config_error' })
    const app = Fastify()
    await expect(app.register(scitokens, { audience: AUDIENCE })).rejects.toMatchObject({ code: 'config_error' })
  })
})

describe('metadata', () => {
  it("is served to everybody, at the resource's own place, and named in challenges", async () => {
    const app = await guarded({ resource: 'https://data.example/store', scopesSupported: ['read:/'] })
    const path = '/.well-known/oauth-protected-resource/store'
    const answer = await app.inject(path)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      resource: 'https://data.example/store',
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['read:/'],
    })
    expect((await app.inject({ method: 'OPTIONS', url: path })).statusCode).toBe(204)
    const challenge = (await app.inject({ url: '/', headers: { host: 'evil.example' } })).headers['www-authenticate']
    expect(challenge).toBe(`Bearer resource_metadata="https://data.example${path}"`)
  })
})

describe('requireMethod', () => {
  async function storage(there: readonly string[]): Promise<FastifyInstance> {
    const app = await guarded({ handleErrors: true })
    for (const method of ['MOVE', 'COPY', 'MKCOL', 'PROPFIND']) app.addHttpMethod(method)
    const hook = requireMethod({ mountedAt: '/dav', prefix: '/store', exists: (path) => there.includes(path) })
    app.all('/dav/*', { onRequest: hook }, async (request) => {
      const { grantedBy, ...judged } = getJudged(request)
      return { ...judged, by: grantedBy?.authz }
    })
    return app
  }
  const send = async (app: FastifyInstance, method: string, scope: string, headers: Record<string, string> = {}) =>
    app.inject({ method: method as 'GET', url: '/dav/new', headers: { ...(await bearer(scope)), ...headers } })

  it('asks for the right to create, or to replace what is there', async () => {
    const fresh = await storage([])
    expect((await send(fresh, 'PUT', 'storage.create:/store')).json()).toEqual({
      path: '/store/new',
      exists: false,
      by: 'storage.create',
    })
    const there = await storage(['/store/new'])
    expect((await send(there, 'PUT', 'storage.create:/store')).statusCode).toBe(403)
    expect((await send(there, 'PUT', 'storage.modify:/store')).json()).toMatchObject({ exists: true })
  })

  it('judges both ends of a COPY, the destination where it is on this server only', async () => {
    const app = await storage(['/store/new'])
    const copy = (destination: string, scope: string) => send(app, 'COPY', scope, { destination, host: 'data.example' })
    expect((await copy('https://data.example/dav/b', 'read:/store/new write:/store/b')).json()).toMatchObject({
      path: '/store/new',
      destination: '/store/b',
      destinationExists: false,
    })
    expect((await copy('/dav/b', 'read:/store/new')).statusCode).toBe(403)
    expect((await copy('/dav/b', 'write:/store/b')).statusCode).toBe(403)
    for (const bad of [
      'https://elsewhere.example/dav/b',
      '/other/b',
      '/dav/../b',
      '/dav/%2e%2e/b',
      '/dav\\b',
      'b',
      '/davb',
    ]) {
      expect((await copy(bad, 'read:/ write:/')).statusCode).toBe(400)
    }
  })
})
