import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPath, requireScope, scitokens } from '../src/index.ts'

// Attacks on @fastify/static are in tests/guards, with those on Express's; here is what Fastify's own routes make of a path.

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await createTestIssuer()
})

describe('routes', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    const { issuer: name, keys, clock } = issuer
    app = Fastify({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } })
    await app.register(scitokens, { issuers: name, audience: AUDIENCE, keys, clock, handleErrors: true })
    const tell = async (request: import('fastify').FastifyRequest): Promise<unknown> => ({
      path: getPath(request),
      url: request.url,
      params: request.params,
    })
    const named = (request: import('fastify').FastifyRequest): string => (request.params as { name: string }).name
    app.get('/data/*', { onRequest: requireScope('read') }, tell)
    app.get('/public/fixed', { onRequest: requireScope('read') }, tell)
    app.get('/files/:name', { onRequest: requireScope('read') }, tell)
    app.get('/named/:name', { onRequest: requireScope('read', (request) => `/public/${named(request)}`) }, tell)
    token = await issuer.sign({ scope: 'read:/public read:/data/public read:/DATA', aud: AUDIENCE })
  })
  afterAll(() => app.close())
  const inject = (url: string) => app.inject({ url, headers: { authorization: `Bearer ${token}` } })

  it('handlers see URL and wildcard in the form that was judged', async () => {
    expect((await inject('/data/public//%61/./b%20c?q=%2F')).json()).toEqual({
      path: '/data/public/a/b c',
      url: '/data/public/a/b%20c?q=%2F',
      params: { '*': 'public/a/b c' },
    })
  })

  it('refuses a request that spells a wildcard route in another case: the token may name either', async () => {
    expect((await inject('/DATA/secret/x')).statusCode).toBe(400)
    expect((await inject('/%64ata/public/x')).statusCode).toBe(400)
  })

  it('judges a fixed route by its own spelling', async () => {
    for (const url of ['/public/fixed', '/PUBLIC/fixed', '/public/FIXED/']) {
      expect((await inject(url)).json()).toMatchObject({ path: '/public/fixed' })
    }
  })

  it('does not guess which parameter is the path', async () => {
    expect((await inject('/files/x')).statusCode).toBe(500)
  })

  it('takes a path from a function as decoded, and refuses it when it may not be', async () => {
    expect((await inject('/named/a%20b')).json()).toMatchObject({ path: '/public/a b' })
    expect((await inject('/named/..%2Fsecret')).statusCode).toBe(400)
    expect((await inject('/named/a%2541')).statusCode).toBe(400)
  })
})
