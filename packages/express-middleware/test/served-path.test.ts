import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPath, requireScope, scitokens } from '../src/index.ts'

// Attacks on express.static behind the guard. Every file's content is its own path, and after the guard the judged path is noted: of
// each answer with content we can tell whether what was served is what was judged.

const FILES = [
  '/public/a.txt',
  '/public/deep/b.txt',
  '/public/with space.txt',
  '/public/100%25.txt',
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
  /** What the guard judged, if it let the request pass. */
  readonly judged: string | undefined
}

/** Sends a target exactly as it is; `fetch` would tidy it up. */
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

const noteJudged: RequestHandler = (request, response, next) => {
  response.set('x-judged', encodeURIComponent(getPath(request)))
  next()
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
  '/public/%25252e%25252e/secret/s.txt',
  '/public/..;/secret/s.txt',
  '/public/%c0%ae%c0%ae/secret/s.txt',
  '/public/%u002e%u002e/secret/s.txt',
  '/public/./../secret/s.txt',
  '//secret/s.txt',
  '/.//secret/s.txt',
  '//public/../secret/s.txt',
  '/secret/s.txt',
  '/secret/public/e.txt',
  '/secret//public/e.txt',
  '/secret/s.txt?/public/a.txt',
  '/secret/s.txt#/public/a.txt',
  '/secret%2Fs.txt',
  '/secret/s.txt%00/public',
  '/secret/s.txt;/public',
  'http://127.0.0.1/secret/s.txt',
  'http://public/../secret/s.txt',
  '/PUBLIC/c.txt',
  '/Public/a.txt',
  '/%50UBLIC/c.txt',
  '/publicity/d.txt',
  '/public%69ty/d.txt',
  '/public\\..\\secret\\s.txt',
  '\\secret\\s.txt',
  '/top.txt',
  '/',
  '*',
]

const HARMLESS: readonly (readonly [target: string, file: string])[] = [
  ['/public/a.txt', '/public/a.txt'],
  ['/%70ublic/a%2Etxt', '/public/a.txt'],
  ['/public//deep///b.txt', '/public/deep/b.txt'],
  ['//public/a.txt', '/public/a.txt'],
  ['/./public/./a.txt', '/public/a.txt'],
  ['/public/with%20space.txt', '/public/with space.txt'],
  ['/public/a.txt?x=/secret/s.txt', '/public/a.txt'],
  ['/public/', '/public/index.html'],
]

/** Where the guard and express.static sit; `at` is what stands before the files in URLs. */
const LAYOUTS: readonly {
  name: string
  at: string
  build: (make: typeof express, guard: RequestHandler) => express.Express
}[] = [
  {
    name: 'at the root',
    at: '',
    build: (make, guard) => make().use(guard, requireScope('read'), noteJudged, make.static(root)),
  },
  {
    name: 'mounted',
    at: '/data',
    build: (make, guard) => make().use(guard).use('/data', requireScope('read'), noteJudged, make.static(root)),
  },
  {
    name: 'in a mounted router within another',
    at: '/a/b',
    build: (make, guard) => {
      const inner = make.Router().use('/b', requireScope('read'), noteJudged, make.static(root))
      return make().use('/a', guard, inner)
    },
  },
  {
    name: 'after a route that passes the request on',
    at: '/data',
    build: (make, guard) => {
      const app = make().use(guard)
      app.get('/data/public', (_request, _response, next) => next())
      return app.use('/data', requireScope('read'), noteJudged, make.static(root))
    },
  },
]

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s: express.static behind the guard', (_name, make) => {
  describe.each(LAYOUTS)('$name', ({ at, build }) => {
    let server: ReturnType<express.Express['listen']>
    let port: number
    beforeAll(async () => {
      const guard = scitokens({
        issuers: issuer.issuer,
        audience: AUDIENCE,
        keys: issuer.keys,
        clock: issuer.clock,
        handleErrors: true,
      })
      server = build(make, guard).set('env', 'test').listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      port = (server.address() as AddressInfo).port
    })
    afterAll(() => void server.close())

    it.each(HARMLESS)('serves %s', async (target, file) => {
      const answer = await get(port, at + target)
      expect(answer).toMatchObject({ status: 200, body: file })
      expect(answer.body.startsWith(answer.judged!)).toBe(true)
    })

    it.each(TRICKS)('does not serve %s', async (target) => {
      const answers = await Promise.all([
        get(port, at + target),
        get(port, target.startsWith('/') ? target : `/${target}`),
      ])
      for (const { status, body } of answers) {
        expect(status).toBeGreaterThanOrEqual(300)
        expect(FILES).not.toContain(body)
      }
    })

    it('is not impressed by headers that name another path', async () => {
      for (const name of [
        'x-original-uri',
        'x-original-url',
        'x-rewrite-url',
        'x-forwarded-uri',
        'x-forwarded-prefix',
      ]) {
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
        { numRuns: 300, examples: [['/public/a.txt'], ['//public//./deep/b.txt']] },
      )
      expect(served).toBeGreaterThan(0)
    })
  })
})

it.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s: handlers behind the guard see the URL in the form that was judged, with its query', async (_name, make) => {
  const app = make().use(
    scitokens({ issuers: issuer.issuer, audience: AUDIENCE, keys: issuer.keys, clock: issuer.clock }),
  )
  const seen: string[] = []
  app.use('/data', requireScope('read', undefined, { prefix: '/public' }), (request, response) => {
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
