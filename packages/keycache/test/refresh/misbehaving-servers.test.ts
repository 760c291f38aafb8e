import { needing } from '@scitokens-tests/programs'
import type { ServerResponse } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Jwk } from '@scitokens/core'
import { startProxy } from '@scitokens-tests/programs/proxy-server'
import { beforeAll, expect, onTestFinished } from 'vitest'
import { createAuthority, type TestAuthority } from '@scitokens-tests/programs/authority'
import { cacheForTest, issuerForTest, temporaryDirectory, until } from '../fixture.ts'
import { type IssuerServer, JWKS, METADATA, newKey, sendJson } from '../issuer-server.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyCacheOptions } from '../../src/index.ts'

const { test } = needing('openssl')

// Everything here is spoken over real TLS with a server that really does it.
let authority: TestAuthority
let good: { key: string; cert: string }

beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'keycache-tls-'))
  authority = createAuthority(directory)
  good = authority.certify('localhost')
  return () => rmSync(directory, { recursive: true })
})

const issuerOnTls = (tls = good): Promise<IssuerServer> => issuerForTest({ tls })

/** The error that loading ends with. */
async function failureOf(
  server: IssuerServer,
  options: Partial<KeyCacheOptions> = {},
): Promise<Error & { code: string }> {
  const cache = cacheForTest(server, { ca: authority.pem, dangerouslyAllowLoopbackHttp: false, ...options })
  const outcome = await cache.load(server.issuer).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(outcome).toMatchObject({ family: 'undecided' })
  return outcome as Error & { code: string }
}

test('a sound HTTPS issuer is served, so that every refusal below has its own reason', async () => {
  const server = await issuerOnTls()
  const cache = cacheForTest(server, { ca: authority.pem, dangerouslyAllowLoopbackHttp: false })
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
})

test('a certificate from an authority that nobody named is refused', async () => {
  const server = await issuerOnTls()
  const other = createAuthority(temporaryDirectory(), 'other')
  expect(await failureOf(server, { ca: other.pem })).toMatchObject({ code: 'issuer_unavailable' })
  expect(server.requests).toEqual([])
})

test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch the check off', async () => {
  const server = await issuerOnTls()
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  try {
    await failureOf(server, { ca: createAuthority(temporaryDirectory(), 'other').pem })
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  }
  expect(server.requests).toEqual([])
})

test('a certificate of another host is refused', async () => {
  const server = await issuerOnTls(authority.certify('elsewhere.example'))
  expect((await failureOf(server)).message).toMatch(/altnames|localhost/i)
  expect(server.requests).toEqual([])
})

test('an expired certificate is refused', async () => {
  const server = await issuerOnTls(authority.certify('localhost', { expired: true }))
  expect((await failureOf(server)).message).toMatch(/expired/i)
  expect(server.requests).toEqual([])
})

test('a server that accepts the connection and never speaks is given up at the deadline', async () => {
  const server = await issuerOnTls()
  server.on(METADATA, () => {})
  const started = performance.now()
  expect((await failureOf(server, { timeoutMs: 300 })).message).toContain('300 ms')
  expect(performance.now() - started).toBeLessThan(5000)
})

test('headers that drip without end are given up at the deadline', async () => {
  const drips = createTlsServer(good, (socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x-more: of the same\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => drips.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void drips.close())
  const issuer = `https://localhost:${(drips.address() as AddressInfo).port}`
  const cache = cacheForTest({ issuer }, { ca: authority.pem, timeoutMs: 400 })
  const started = performance.now()
  await expect(cache.load(issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  expect(performance.now() - started).toBeLessThan(5000)
})

test('an answer that is not HTTP is a failure', async () => {
  const babbler = createTlsServer(good, (socket) => {
    socket.on('error', () => {})
    socket.end('SSH-2.0-OpenSSH_9.6\r\n')
  })
  await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void babbler.close())
  const issuer = `https://localhost:${(babbler.address() as AddressInfo).port}`
  const cache = cacheForTest({ issuer }, { ca: authority.pem })
  await expect(cache.load(issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
})

/** Writes a piece now and then until the connection is gone; tells how many pieces went out. */
function drip(response: ServerResponse, piece: string, everyMs: number): void {
  const timer = setInterval(() => response.write(piece), everyMs)
  response.on('close', () => clearInterval(timer))
}

test('a body that never ends in time is given up at the deadline, however steadily it drips', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    drip(response, ' ', 20)
  })
  const started = performance.now()
  expect(await failureOf(server, { timeoutMs: 400 })).toMatchObject({ code: 'issuer_unavailable' })
  expect(performance.now() - started).toBeLessThan(5000)
})

test('one deadline covers metadata and key set together', async () => {
  const server = await issuerOnTls()
  server.on(METADATA, (_, response) => {
    setTimeout(() => sendJson(response, { issuer: server.issuer, jwks_uri: server.jwksUri }), 2000)
  })
  server.on(JWKS, () => {})
  const started = performance.now()
  await failureOf(server, { timeoutMs: 3500 })
  expect(server.requests).toEqual([METADATA, JWKS])
  // With a deadline for each it would have taken 2000 + 3500 ms at the least.
  expect(performance.now() - started).toBeLessThan(5400)
})

test('an endless body is cut at the size limit and the connection ended, long before the deadline', async () => {
  const server = await issuerOnTls()
  let written = 0
  let closed = false
  server.on(JWKS, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const piece = ' '.repeat(64 * 1024)
    const more = (): void => {
      if (closed) return
      written += piece.length
      if (response.write(piece)) setImmediate(more)
      else response.once('drain', more)
    }
    response.on('close', () => (closed = true))
    more()
  })
  expect((await failureOf(server, { timeoutMs: 60_000 })).message).toContain('longer than 1048576 bytes')
  await until(() => closed)
  expect(written).toBeLessThan(50 * 1024 * 1024)
})

test('a key set of 10 MB that says so is not read at all', async () => {
  const server = await issuerOnTls()
  const body = JSON.stringify({ keys: server.keys, padding: 'x'.repeat(10 * 1024 * 1024) })
  server.on(JWKS, (_, response) => {
    response.on('error', () => {})
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
  })
  expect((await failureOf(server)).message).toContain('longer than')
})

test('metadata over 256 KiB is refused', async () => {
  const server = await issuerOnTls()
  server.on(METADATA, (_, response) => {
    sendJson(response, { issuer: server.issuer, jwks_uri: server.jwksUri, padding: 'x'.repeat(300_000) })
  })
  expect((await failureOf(server)).message).toContain('longer than 262144 bytes')
})

test('a compressed answer is refused: nobody asked for one', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x')
  })
  expect((await failureOf(server)).message).toContain('gzip')
})

test.each(['text/html; charset=utf-8', 'application/xml', 'image/png', 'multipart/mixed'])(
  'an answer of type %s is no key set, whatever it holds',
  async (type) => {
    const server = await issuerOnTls()
    server.on(JWKS, (_, response) =>
      response.writeHead(200, { 'content-type': type }).end(JSON.stringify({ keys: server.keys })),
    )
    expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
  },
)

test.each(['application/jwk-set+json', 'application/json;charset=UTF-8', 'application/octet-stream', undefined])(
  'JSON of type %s is read: static hosts know no better',
  async (type) => {
    const server = await issuerOnTls()
    server.on(JWKS, (_, response) => {
      response
        .writeHead(200, type === undefined ? {} : { 'content-type': type })
        .end(JSON.stringify({ keys: server.keys }))
    })
    await expect(cacheForTest(server, { ca: authority.pem }).load(server.issuer)).resolves.toBeDefined()
  },
)

test.each([
  '',
  '<html></html>',
  '{"keys":[',
  '{"keys":[]} trailing',
  '\ufeff{"keys":[]}',
  'null',
  '[]',
  '{}',
  '{"keys":{}}',
  '{"error":"x"}',
])('a body %j is no key set', async (body) => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
  expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
})

test('a body that is not UTF-8 is no key set', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x7b, 0xff, 0x7d]))
  })
  expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
})

test('a connection reset in the middle of the body is a failure, not a short key set', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (request, response) => {
    const body = JSON.stringify({ keys: server.keys })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length + 100 })
    response.write(body, () => request.socket.destroy())
  })
  expect(await failureOf(server)).toMatchObject({ code: 'issuer_unavailable' })
})

test('a refused connection is a failure with the address', async () => {
  const server = await issuerOnTls()
  await server[Symbol.asyncDispose]()
  expect((await failureOf(server)).message).toMatch(/ECONNREFUSED/)
})

test('a redirect on HTTPS is followed', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => response.writeHead(307, { location: '/moved' }).end())
  server.on('/moved', (_, response) => sendJson(response, { keys: server.keys }))
  await cacheForTest(server, { ca: authority.pem }).load(server.issuer)
  expect(server.requests).toEqual([METADATA, JWKS, '/moved'])
})

test('a redirect loop ends after three hops', async () => {
  const server = await issuerOnTls()
  server.on(METADATA, (_, response) => response.writeHead(302, { location: METADATA }).end())
  expect((await failureOf(server)).message).toContain('more than 3 times')
  expect(server.count(METADATA)).toBe(4)
})

test('a redirect to another origin is refused before it is asked, be it only another port', async () => {
  const [server, other] = [await issuerOnTls(), await issuerOnTls()]
  server.on(JWKS, (_, response) => response.writeHead(302, { location: other.jwksUri }).end())
  const failure = await failureOf(server)
  expect(failure).toMatchObject({ code: 'discovery_failed', family: 'undecided' })
  expect(failure.message).toContain(`redirects to another origin, "${new URL(other.issuer).origin}"`)
  expect(other.requests).toEqual([])
  server.on(METADATA, (_, response) => response.writeHead(302, { location: `${other.issuer}${METADATA}` }).end())
  expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
  expect(other.requests).toEqual([])
})

test('a redirect to another origin is followed where redirectOrigins names it, and back again', async () => {
  const [server, other] = [await issuerOnTls(), await issuerOnTls()]
  server.on(JWKS, (_, response) => response.writeHead(302, { location: other.jwksUri }).end())
  other.on(JWKS, (_, response) => response.writeHead(302, { location: `${server.issuer}/moved` }).end())
  server.on('/moved', (_, response) => sendJson(response, { keys: server.keys }))
  const redirectOrigins = [new URL(other.issuer).origin]
  await cacheForTest(server, { ca: authority.pem, redirectOrigins }).load(server.issuer)
  expect([server.requests, other.requests]).toEqual([[METADATA, JWKS, '/moved'], [JWKS]])
})

test.each(['/mov\ted', '\\moved', 'https:/moved', '/moved/%', 'https://user@localhost/moved'])(
  'a redirect to %j, which a URL parser would mend or which names a user, is refused',
  async (location) => {
    const server = await issuerOnTls()
    const port = new URL(server.issuer).port
    server.on(JWKS, (_, response) => {
      response.socket!.end(
        `HTTP/1.1 302 Found\r\nlocation:${location.replace('localhost', `localhost:${port}`)}\r\ncontent-length: 0\r\n\r\n`,
      )
    })
    server.on('/moved', (_, response) => sendJson(response, { keys: server.keys }))
    expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
    expect(server.count('/moved')).toBe(0)
  },
)

test('redirects can be forbidden', async () => {
  const server = await issuerOnTls()
  server.on(METADATA, (_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
  await failureOf(server, { maxRedirects: 0 })
  expect(server.requests).toEqual([METADATA])
})

test.each(['http://localhost/keys', 'http://keys.example/keys', 'file:///etc/passwd', 'ftp://keys.example/'])(
  'a redirect from HTTPS to %s is refused',
  async (location) => {
    const server = await issuerOnTls()
    server.on(JWKS, (_, response) => response.writeHead(302, { location }).end())
    expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
  },
)

test('a redirect from HTTPS to HTTP on another socket is refused before it is asked', async () => {
  const plain = await issuerForTest()
  const server = await issuerOnTls()
  server.on(METADATA, (_, response) => response.writeHead(301, { location: `${plain.issuer}${METADATA}` }).end())
  expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
  expect(plain.requests).toEqual([])
})

test('a redirect without a target is a failure', async () => {
  const server = await issuerOnTls()
  server.on(JWKS, (_, response) => response.writeHead(302).end())
  expect(await failureOf(server)).toMatchObject({ code: 'discovery_failed' })
})

test('more than a hundred keys are refused', async () => {
  const server = await issuerOnTls()
  server.keys = Array.from({ length: 101 }, (_, index) => ({ ...server.keys[0], kid: String(index) }))
  expect((await failureOf(server)).message).toContain('101 keys')
})

function rsaKey(kid: string, modulusLength: number, publicExponent = 65_537): Jwk {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return { ...publicKey.export({ format: 'jwk' }), kid }
}

test('weak, private, symmetric and unusable keys are dropped one by one, and the others serve', async () => {
  const server = await issuerOnTls()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  server.keys = [
    rsaKey('rsa-1024', 1024),
    rsaKey('rsa-exponent-3', 2048, 3),
    { ...(privateKey.export({ format: 'jwk' }) as Jwk), kid: 'private' },
    { kty: 'oct', kid: 'symmetric', k: 'c2VjcmV0' } as Jwk,
    { ...(await newKey('encryption')), use: 'enc' },
    { ...(await newKey('off-curve')), x: 'A'.repeat(43) },
    { kty: 'quantum', kid: 'unknown' },
    rsaKey('good-rsa', 2048),
    await newKey('good-ec'),
  ]
  const cache = cacheForTest(server, { ca: authority.pem })
  const { keys } = await cache.load(server.issuer)
  expect(keys.map(({ kid }) => kid)).toEqual(['good-rsa', 'good-ec'])
})

test.each([[[]], [[{ kty: 'oct', kid: 'x', k: 'c2VjcmV0' } as Jwk]]])(
  'a set without a usable key is an error: %j',
  async (keys) => {
    const server = await issuerOnTls()
    server.keys = keys
    expect((await failureOf(server)).message).toContain('no usable key')
  },
)

test('the proxy is asked for a tunnel, and sees nothing but the host', async () => {
  const server = await issuerOnTls()
  await using proxy = await startProxy()
  const cache = cacheForTest(server, { ca: authority.pem, proxies: { https: proxy.url } })
  await cache.load(server.issuer)
  const { host } = new URL(server.issuer)
  expect(new Set(proxy.tunnels)).toEqual(new Set([host]))
  expect(proxy.tunnels).toHaveLength(2)
})

test('special-purpose addresses are refused on request, by name and by literal, before a request is sent', async () => {
  const server = await issuerOnTls()
  const literal = server.issuer.replace('localhost', '127.0.0.1')
  for (const issuer of [server.issuer, literal]) {
    const cache = cacheForTest({ issuer }, { ca: authority.pem, refuseSpecialAddresses: true })
    // oxlint-disable-next-line no-await-in-loop -- one after the other, for the count
    await expect(cache.load(issuer)).rejects.toMatchObject({ code: 'discovery_failed' })
  }
  expect(server.requests).toEqual([])
})

test('an address is judged when it is connected, not when it is looked up', async () => {
  const server = await issuerOnTls()
  const { port } = new URL(server.issuer)
  // The name looks public to whoever asks first; the connection goes to this machine.
  const lookup: KeyCacheOptions['lookup'] = (_name, options, callback) => {
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }
  const issuer = `https://public.example:${port}`
  const cache = cacheForTest({ issuer }, { ca: authority.pem, lookup, refuseSpecialAddresses: true })
  await expect(cache.load(issuer)).rejects.toMatchObject({ code: 'discovery_failed' })
  expect(server.requests).toEqual([])
})
