import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPath, requireScope, scitokens } from '../src/index.ts'

// Attacks on express.static are in tests/guards, with those on Fastify's; here is what Express's own routes make of a path.

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await createTestIssuer()
  token = await issuer.sign({ scope: 'read:/public', aud: AUDIENCE })
})

/** Sends a target exactly as it is; `fetch` would tidy it up. */
function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, host: '127.0.0.1', port, path, headers: { authorization: `Bearer ${token}` } }
    httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end()
  })
}

it.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s: handlers behind the guard see the URL in the form that was judged, with its query', async (_name, make) => {
  const app = make().use(
    scitokens({ issuers: issuer.issuer, audience: AUDIENCE, keys: issuer.keys, clock: issuer.clock }),
  )
  const seen: string[] = []
  app.use('/data', requireScope('read', undefined, { prefix: '/data', namespace: '/public' }), (request, response) => {
    seen.push(request.url, request.originalUrl, getPath(request))
    response.end()
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  await get((server.address() as AddressInfo).port, '/data//%61//./b%20c/?q=%2F')
  server.close()
  expect(seen).toEqual(['/a/b%20c/?q=%2F', '/data//%61//./b%20c/?q=%2F', '/public/a/b c/'])
})

describe.each([
  ['Express 5', express, '/data/*path', '/files/:name'],
  ['Express 4', express4, '/data/*', '/files/:name'],
])('%s: routes', (_name, make, wildcard, parameter) => {
  let server: ReturnType<express.Express['listen']>
  let port: number
  beforeAll(async () => {
    const app = make().set('env', 'test')
    app.use(
      scitokens({
        issuers: issuer.issuer,
        audience: AUDIENCE,
        keys: issuer.keys,
        clock: issuer.clock,
        handleErrors: true,
      }),
    )
    const tell: RequestHandler = (request, response) => void response.end(getPath(request))
    app.get(wildcard, requireScope('read'), tell)
    app.get('/public/fixed', requireScope('read'), tell)
    app.get(parameter, requireScope('read'), tell)
    app.get(
      '/named/:name',
      requireScope('read', (request) => `/public/${request.params['name'] as string}`),
      tell,
    )
    app.get(
      '/raw/:name',
      requireScope('read', (request) => `/public${request.path.slice(4)}`, { pathIsDecoded: false }),
      tell,
    )
    app.get(
      '/unsure/:name',
      requireScope('read', (request) => `/public${request.path.slice(7)}`),
      tell,
    )
    server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    port = (server.address() as AddressInfo).port
    token = await issuer.sign({ scope: 'read:/public read:/data/public read:/DATA', aud: AUDIENCE })
  })
  afterAll(() => void server.close())

  it('judges the whole path of a route that ends in a wildcard', async () => {
    expect(await get(port, '/data/public/x')).toMatchObject({ status: 200, body: '/data/public/x' })
    expect(await get(port, '/data/secret/x')).toMatchObject({ status: 403 })
  })

  it('refuses a request that spells the route in another case: the token may name either', async () => {
    expect(await get(port, '/DATA/secret/x')).toMatchObject({ status: 400 })
  })

  it('judges a fixed route by its own spelling', async () => {
    for (const target of ['/public/fixed', '/PUBLIC/fixed', '/public/FIXED/']) {
      expect(await get(port, target)).toMatchObject({ status: 200, body: '/public/fixed' })
    }
  })

  it('does not guess which parameter is the path', async () => {
    expect(await get(port, '/files/x')).toMatchObject({ status: 500 })
  })

  it('takes a path from a function as decoded, and refuses it when it may not be', async () => {
    expect(await get(port, '/named/a%20b')).toMatchObject({ status: 200, body: '/public/a b' })
    expect(await get(port, '/named/..%2Fsecret')).toMatchObject({ status: 400 })
    expect(await get(port, '/named/a%2541')).toMatchObject({ status: 400 })
    expect(await get(port, '/raw/a%20b')).toMatchObject({ status: 200, body: '/public/a b' })
    expect(await get(port, '/raw/..%2Fsecret')).toMatchObject({ status: 400 })
    expect(await get(port, '/unsure/a%20b')).toMatchObject({ status: 400 })
  })
})
