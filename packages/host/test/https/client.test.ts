import { needing } from '@scitokens-tests/programs'
import { createAuthority, type TestAuthority } from '@scitokens-tests/programs/authority'
import { startProxy } from '@scitokens-tests/programs/proxy-server'
import { createHash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { createFetch, httpGetOf, HttpsClient, type HttpsClientOptions, readBody } from '../../src/https/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const { describe, test } = needing('openssl')

const never = new AbortController().signal

/** A server with a certificate for `localhost`, and the options under which it is believed. */
async function serve(
  answer: http.RequestListener,
  tls: Pick<https.ServerOptions, 'requestCert' | 'rejectUnauthorized'> = {},
): Promise<{
  url: URL
  ca: string
  authority: TestAuthority
  requests: string[]
  connections: () => number
  port: number
}> {
  const authority = createAuthority(temporaryDirectory())
  const requests: string[] = []
  let connections = 0
  const server = https.createServer(
    { ...authority.certify('localhost'), ca: authority.pem, ...tls },
    (request, response) => {
      requests.push(`${request.method} ${request.url}`)
      answer(request, response)
    },
  )
  server.on('secureConnection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`https://localhost:${port}/`),
    ca: authority.pem,
    authority,
    requests,
    connections: () => connections,
    port,
  }
}

const textOf = async (client: HttpsClient, url: URL): Promise<string> =>
  Buffer.from(await readBody(await client.send({ url, signal: never }), 1000)).toString()

describe('a request', () => {
  test('is answered with head and body; the client names itself, and asks for nothing compressed', async () => {
    const { url, ca } = await serve((request, response) => {
      response.setHeader('x-two', ['a', 'b']).end(JSON.stringify(request.headers))
    })
    const answer = await new HttpsClient({ ca }).send({ url, headers: { 'x-own': 'yes' }, signal: never })
    expect([answer.status, answer.headers['x-two']]).toEqual([200, 'a, b'])
    const seen = JSON.parse(Buffer.from(await readBody(answer, 10_000)).toString()) as Record<string, string>
    expect(seen).toMatchObject({ 'user-agent': 'scitokens-js', 'accept-encoding': 'identity', 'x-own': 'yes' })
  })

  test('redirects are answers like any other', async () => {
    const { url, ca, requests } = await serve((_, response) => response.writeHead(302, { location: '/b' }).end())
    const answer = await new HttpsClient({ ca }).send({ url, signal: never })
    answer.body.destroy()
    expect([answer.status, answer.headers['location'], requests]).toEqual([302, '/b', ['GET /']])
  })

  test('streams both ways, without holding what goes through', async () => {
    const { url, ca } = await serve((request, response) => request.pipe(response))
    const hash = createHash('sha256')
    const chunk = Buffer.alloc(65_536, 'x')
    async function* upload(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < 512; sent++) yield chunk
    }
    const answer = await new HttpsClient({ ca }).send({ url, method: 'PUT', body: upload(), signal: never })
    let bytes = 0
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      bytes += part.length
      hash.update(part)
    }
    const expected = createHash('sha256')
    for (let sent = 0; sent < 512; sent++) expected.update(chunk)
    expect([bytes, hash.digest('hex')]).toEqual([512 * 65_536, expected.digest('hex')])
  })

  test('ends when its stream fails', async () => {
    const { url, ca } = await serve((request) => request.resume())
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('some')
      await sleep(20)
      throw new Error('the disk broke')
    }
    await expect(new HttpsClient({ ca }).send({ url, method: 'PUT', body: broken(), signal: never })).rejects.toThrow(
      'the disk broke',
    )
  })

  test('ends with its signal at any stage', async () => {
    const { url, ca } = await serve((request, response) => {
      if (request.url === '/head') response.write('begun')
    })
    const client = new HttpsClient({ ca })
    await expect(client.send({ url, signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort/i)
    const signal = AbortSignal.timeout(200)
    const answer = await client.send({ url: new URL('/head', url), signal })
    await expect(readBody(answer, 1000)).rejects.toThrow(/abort/i)
  })

  test('ends when nothing moves', async () => {
    const { url, ca } = await serve(() => {})
    await expect(new HttpsClient({ ca }).send({ url, signal: never, idleMs: 50 })).rejects.toThrow(
      'nothing came for 50 ms',
    )
  })
})

describe('a body', () => {
  test.each([
    [
      'is longer than it may be',
      (response: http.ServerResponse) => response.end('x'.repeat(11)),
      /longer than 10 bytes/,
    ],
    [
      'is longer than it may be, and does not say so',
      (response: http.ServerResponse) => void (response.write('x'.repeat(6)), response.end('x'.repeat(6))),
      /longer than 10 bytes/,
    ],
    [
      'is compressed',
      (response: http.ServerResponse) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      /"gzip"-encoded/,
    ],
    [
      'ends early',
      (response: http.ServerResponse) => {
        response.writeHead(200, { 'content-length': 9 }).write('x')
        setTimeout(() => response.destroy(), 20)
      },
      /aborted|ended before/,
    ],
  ] satisfies [string, (response: http.ServerResponse) => unknown, RegExp][])(
    'that %s is refused',
    async (_, answer, why) => {
      const { url, ca } = await serve((_request, response) => answer(response))
      const client = new HttpsClient({ ca })
      await expect(readBody(await client.send({ url, signal: never }), 10)).rejects.toThrow(why)
    },
  )

  test('of an answer that is no document is not read by the port HttpGet', async () => {
    const { url, ca } = await serve((_, response) => response.writeHead(404).end('x'.repeat(5000)))
    const get = httpGetOf(new HttpsClient({ ca }))
    const answer = await get({ url, headers: {}, maxBytes: 10, signal: never })
    expect([answer.status, answer.body.length]).toEqual([404, 0])
  })
})

describe('a connection', () => {
  test('is kept where that was asked for, and not else', async () => {
    const kept = await serve((_, response) => response.end('x'))
    const client = new HttpsClient({ ca: kept.ca, keepAlive: true })
    for (let count = 0; count < 3; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await textOf(client, kept.url)
      // oxlint-disable-next-line no-await-in-loop -- the connection goes back to the pool
      await sleep(10)
    }
    expect(kept.connections()).toBe(1)
    client.close()
    const single = new HttpsClient({ ca: kept.ca })
    await textOf(single, kept.url)
    await textOf(single, kept.url)
    expect(kept.connections()).toBe(3)
  })

  test('shows a certificate to servers that ask for one', async () => {
    const subjectOf = (request: http.IncomingMessage): string =>
      String((request.socket as TLSSocket).getPeerCertificate().subject?.CN)
    const asking = { requestCert: true, rejectUnauthorized: false }
    const { url, ca, authority } = await serve((request, response) => response.end(subjectOf(request)), asking)
    const { cert: certificate, key } = authority.certify('ana')
    expect(await textOf(new HttpsClient({ ca, identity: { certificate, key } }), url)).toBe('ana')
    expect(await textOf(new HttpsClient({ ca }), url)).toBe('undefined')
  })

  test('to a public name that leads to this machine is refused before a request is sent', async () => {
    const { url, ca, requests, port } = await serve((_, response) => response.end())
    const client = new HttpsClient({ ca, refuseSpecialAddresses: true })
    for (const target of [url, new URL(`https://127.0.0.1:${port}/`)]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(client.send({ url: target, signal: never })).rejects.toMatchObject({ code: 'discovery_failed' })
    }
    expect(requests).toEqual([])
  })
})

describe('a proxy', () => {
  test('is asked for a tunnel with its user and password, and sees nothing but the host', async () => {
    const { url, ca, requests } = await serve((_, response) => response.end('through'))
    await using proxy = await startProxy({ authorization: `Basic ${Buffer.from('ana:p@ss').toString('base64')}` })
    const through = proxy.url.replace('http://', 'http://ana:p%40ss@')
    const client = new HttpsClient({ ca, proxies: { https: through }, keepAlive: true })
    expect(await textOf(client, url)).toBe('through')
    await sleep(10)
    expect(await textOf(client, url)).toBe('through')
    expect([proxy.tunnels, requests.length]).toEqual([[url.host], 2])
    client.close()
  })

  test('is not asked for what is excepted', async () => {
    const { url, ca } = await serve((_, response) => response.end('direct'))
    await using proxy = await startProxy()
    const client = new HttpsClient({ ca, proxies: { https: proxy.url, except: ['localhost'] } })
    expect(await textOf(client, url)).toBe('direct')
    expect(proxy.tunnels).toEqual([])
  })

  test('that refuses, breaks, or is not there is told by its host, never with user or password', async () => {
    const { url, ca } = await serve((_, response) => response.end())
    await using proxy = await startProxy({ authorization: 'Basic other' })
    const refusing = proxy.url.replace('http://', 'http://ana:verysecret@')
    const absent = 'http://ana:verysecret@127.0.0.1:9'
    for (const [through, why] of [
      [refusing, /refuses a tunnel to localhost:\d+ with status 407/],
      [absent, /127\.0\.0\.1:9 cannot be reached: ECONNREFUSED/],
    ] as const) {
      for (const ask of [
        () => new HttpsClient({ ca, proxies: { https: through } }).send({ url, signal: never }),
        () => createFetch({ ca, proxies: { https: through } })(url.href),
      ]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const error = await ask().then(
          () => undefined,
          (failure: Error) => failure,
        )
        expect(error?.message).toMatch(why)
        expect(JSON.stringify([error?.stack, error?.cause])).not.toContain('verysecret')
      }
    }
  })

  test.each([
    ['says nothing', ''],
    ['never ends its answer', 'HTTP/1.1 200 OK\r\nx: a'],
  ])('that %s keeps nobody longer than his signal or deadline', async (_, said) => {
    const open = new Set<Socket>()
    const proxy = createServer((socket) => {
      open.add(socket)
      const drip = said === '' ? undefined : setInterval(() => socket.write('a'), 20)
      socket.on('error', () => {}).on('close', () => open.delete(socket) && clearInterval(drip))
      socket.once('data', () => socket.write(said))
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const proxies = { https: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }
    const address = 'https://vo.example/'
    const begun = performance.now()
    await expect(createFetch({ proxies, timeoutMs: 100 })(address)).rejects.toThrow(/vo\.example.*within 100 ms/)
    const asked = new HttpsClient({ proxies }).send({ url: new URL(address), signal: AbortSignal.timeout(100) })
    await expect(asked).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }))
    expect(performance.now() - begun).toBeLessThan(3000)
    // Nor is the connection to the proxy kept.
    await expect.poll(() => open.size).toBe(0)
  })

  test('does not weaken the check of the certificate behind it', async () => {
    const { url } = await serve((_, response) => response.end())
    await using proxy = await startProxy()
    const client = new HttpsClient({ proxies: { https: proxy.url } })
    await expect(client.send({ url, signal: never })).rejects.toThrow(/certificate/)
  })
})

describe('options', () => {
  test.each([
    [{ proxies: { https: 'http://proxy.example' }, refuseSpecialAddresses: true }, /only the proxy sees/],
    [{ proxies: { https: 'http://proxy.example' }, agent: new https.Agent() }, /exclude each other/],
    [{ proxy: 'http://proxy.example' }, /there is no option "proxy"/],
    [{ proxies: { exept: [] } }, /did you mean except/],
    [{ ca: '/nowhere/ca.pem' }, /cannot be read/],
    [{ identity: { certificate: 'x' } }, /the option identity needs both/],
  ])('%j is config_error', (options, why) => {
    expect(() => new HttpsClient(options as HttpsClientOptions)).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringMatching(why) as string }),
    )
  })

  test('plain HTTP is refused unless it was allowed by name, and never leaves this machine', async () => {
    const refusal = { code: 'insecure_url' }
    const local = new URL('http://127.0.0.1:9')
    await expect(new HttpsClient().send({ url: local, signal: never })).rejects.toMatchObject(refusal)
    const client = new HttpsClient({ dangerouslyAllowLoopbackHttp: true })
    await expect(client.send({ url: new URL('http://vo.example'), signal: never })).rejects.toMatchObject(refusal)
    await expect(client.send({ url: local, signal: never })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
