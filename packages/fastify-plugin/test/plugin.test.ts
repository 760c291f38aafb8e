import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findAuth, getJudged, requireMethod, requireScope, scitokens, type SciTokensOptions } from '../src/index.ts'

// What both guards must do is in tests/guards; here is what is Fastify's own.

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
  it('puts who asks on the request, null where nobody is asked to say so', async () => {
    const app = await guarded({ required: false })
    app.get('/who', async (request) => ({
      token: request.scitoken,
      same: request.scitoken === (findAuth(request) ?? null),
    }))
    expect((await app.inject('/who')).json()).toEqual({ token: null, same: true })
    const known = await app.inject({ url: '/who', headers: await bearer('read:/') })
    expect(known.json()).toMatchObject({ token: { subject: 'test-user' }, same: true })
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

describe('requireMethod', () => {
  async function storage(there: readonly string[]): Promise<FastifyInstance> {
    const app = await guarded({ handleErrors: true })
    for (const method of ['MOVE', 'COPY', 'MKCOL', 'PROPFIND']) app.addHttpMethod(method)
    const hook = requireMethod({ prefix: '/dav', namespace: '/store', exists: (path) => there.includes(path) })
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
