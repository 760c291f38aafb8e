import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import fc from 'fast-check'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPath, requireScope, scitokens, type UrlPathOptions } from '../src/index.ts'

// Attacks on @fastify/static behind the guard. Every file's content is its own path, and after the guard the judged path is noted: of
// each answer with content we can tell whether what was served is what was judged.

const FILES = [
  '/public/a.txt',
  '/public/deep/b.txt',
  '/public/with space.txt',
  '/public/index.html',
  '/PUBLIC/c.txt',
  '/publicity/d.txt',
  '/secret/s.txt',
  '/secret/public/e.txt',
  '/top.txt',
]
const AUDIENCE = 'https://data.example'
let root: string
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'served-path-'))
  for (const path of FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), path)
  }
  issuer = await createTestIssuer()
  token = await issuer.sign({ scope: 'read:/public', aud: AUDIENCE })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Answer {
  readonly status: number
  readonly body: string
  readonly judged: string | undefined
}

/** Sends a target exactly as it is; `fetch` and `inject` would tidy it up. */
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      host: '127.0.0.1',
      port,
      path,
      headers: { authorization: `Bearer ${token}`, ...headers },
    }
    httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => {
        const judged = response.headers['x-judged']
        resolve({
          status: response.statusCode!,
          body,
          judged: typeof judged === 'string' ? decodeURIComponent(judged) : undefined,
        })
      })
    })
      .on('error', reject)
      .end()
  })
}

const TRICKS = [
  '/public/../secret/s.txt',
  '/public/%2e%2e/secret/s.txt',
  '/public/.%2e/secret/s.txt',
  '/public/%2E%2E%2Fsecret/s.txt',
  '/public/..%2fsecret/s.txt',
  '/public/..%5csecret/s.txt',
  '/public/..\\secret/s.txt',
  '/public/%252e%252e/secret/s.txt',
  '/public/..;/secret/s.txt',
  '/public/%c0%ae%c0%ae/secret/s.txt',
  '/public/./../secret/s.txt',
  '//secret/s.txt',
  '/.//secret/s.txt',
  '/secret/s.txt',
  '/secret/public/e.txt',
  '/secret//public/e.txt',
  '/secret/s.txt?/public/a.txt',
  '/secret/s.txt#/public/a.txt',
  '/secret%2Fs.txt',
  '/secret/s.txt%00/public',
  '/secret/s.txt;/public',
  '/PUBLIC/c.txt',
  '/Public/a.txt',
  '/%50UBLIC/c.txt',
  '/publicity/d.txt',
  '/public%69ty/d.txt',
  '\\secret\\s.txt',
  '/top.txt',
  '/',
]

const HARMLESS: readonly (readonly [target: string, file: string])[] = [
  ['/public/a.txt', '/public/a.txt'],
  ['/%70ublic/a%2Etxt', '/public/a.txt'],
  ['/public//deep///b.txt', '/public/deep/b.txt'],
  ['/./public/./a.txt', '/public/a.txt'],
  ['/public/with%20space.txt', '/public/with space.txt'],
  ['/public/a.txt?x=/secret/s.txt', '/public/a.txt'],
  ['/public/', '/public/index.html'],
]

const LAYOUTS: readonly { name: string; at: string; options?: FastifyServerOptions; guard?: UrlPathOptions }[] = [
  { name: 'at the root', at: '' },
  { name: 'with a prefix', at: '/data', guard: { mountedAt: '/data' } },
  {
    name: 'with a router that ignores case',
    at: '/data',
    guard: { mountedAt: '/data' },
    options: { routerOptions: { caseSensitive: false } },
  },
  {
    name: 'with a router that ignores slashes',
    at: '/data',
    guard: { mountedAt: '/data' },
    options: { routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true } },
  },
]

describe.each(LAYOUTS)('@fastify/static $name, behind the guard', ({ at, options = {}, guard = {} }) => {
  let app: FastifyInstance
  let port: number
  beforeAll(async () => {
    const { issuer: name, keys, clock } = issuer
    app = Fastify(options)
    await app.register(scitokens, { issuers: name, audience: AUDIENCE, keys, clock, handleErrors: true })
    app.addHook('onRequest', requireScope('read', undefined, guard))
    app.addHook(
      'onRequest',
      async (request, reply) => void reply.header('x-judged', encodeURIComponent(getPath(request))),
    )
    await app.register(fastifyStatic, { root, prefix: `${at}/` })
    // A page for what does not exist that tries harder than it should.
    app.setNotFoundHandler((request, reply) => reply.code(200).sendFile(getPath(request).slice(1)))
    await app.listen({ port: 0, host: '127.0.0.1' })
    port = (app.server.address() as AddressInfo).port
  })
  afterAll(() => app.close())

  it.each(HARMLESS)('serves %s', async (target, file) => {
    expect(await get(port, at + target)).toMatchObject({ status: 200, body: file })
  })

  it.each(TRICKS)('does not serve %s', async (target) => {
    const targets = [
      at + target,
      target.startsWith('/') ? target : `/${target}`,
      at.toUpperCase() + target,
      `/${at}${target}`,
    ]
    for (const { status, body } of await Promise.all(targets.map((each) => get(port, each)))) {
      expect(status).toBeGreaterThanOrEqual(300)
      expect(FILES).not.toContain(body)
    }
  })

  it('is not impressed by headers that name another path', async () => {
    for (const name of ['x-original-uri', 'x-original-url', 'x-rewrite-url', 'x-forwarded-uri', 'x-forwarded-prefix']) {
      expect(await get(port, `${at}/secret/s.txt`, { [name]: `${at}/public/a.txt` })).toMatchObject({ status: 403 })
      expect(await get(port, `${at}/public/a.txt`, { [name]: `${at}/secret/s.txt` })).toMatchObject({
        body: '/public/a.txt',
      })
    }
  })

  it('whatever is served is what was judged', async () => {
    const pieces = [
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '\\',
      '%25',
      '2e',
      'public',
      'PUBLIC',
      'secret',
      'a.txt',
      's.txt',
      'b.txt',
      'deep',
      '%70ublic',
      ';',
      '?',
      '%00',
      'index.html',
      '@',
    ]
    const target = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => `/${parts.join('')}`)
    let served = 0
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        const { status, body, judged } = await get(port, at + path)
        if (status !== 200) return
        served += 1
        expect(FILES).toContain(body)
        expect(body === judged || body === judged!.replace(/\/?$/, '/index.html')).toBe(true)
        expect(judged === '/public' || judged!.startsWith('/public/')).toBe(true)
      }),
      { numRuns: 300, examples: [['/public/a.txt'], ['/public//./deep/b.txt']] },
    )
    expect(served).toBeGreaterThan(0)
  })
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
