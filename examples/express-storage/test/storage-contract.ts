import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import type { SciTokensOptions } from '@scitokens/express-middleware'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileStorage } from '../src/storage.ts'

/** Starts a service; returns its URL and how to end it. */
export type StartService = (
  storage: FileStorage,
  guard: SciTokensOptions,
) => Promise<{ readonly url: string; close(): Promise<unknown> }>

const AUDIENCE = 'https://data.example'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What both storage services do, over real HTTP with real tokens. */
export function describeStorageService(start: StartService): void {
  let directory: string
  let issuer: TestIssuer
  let service: Awaited<ReturnType<StartService>>
  let storage: FileStorage
  let all: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'storage-service-'))
    storage = await FileStorage.open({ root: join(directory, 'files') })
    issuer = await createTestIssuer()
    const { issuer: name, keys, clock } = issuer
    service = await start(storage, { issuers: name, audience: AUDIENCE, keys, clock })
    all = await token('read:/ write:/')
  })
  afterEach(async () => {
    await service.close()
    await rm(directory, { recursive: true, force: true })
  })

  const token = (scope: string): Promise<string> => issuer.sign({ scope, aud: AUDIENCE })

  function send(
    method: string,
    path: string,
    { as = all, body, ...headers }: { as?: string; body?: string } & Record<string, string | string[]> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(service.url)
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const options = {
        agent: false,
        hostname,
        port,
        method,
        path,
        headers: { authorization: `Bearer ${as}`, ...length, ...headers },
      }
      const request = httpRequest(options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
      })
      request.on('error', reject).end(body)
    })
  }
  /** Bytes of unfinished uploads on the server's disk. */
  async function bytesWaiting(): Promise<number> {
    const names = await readdir(storage.incoming)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(storage.incoming, name))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  const put = (path: string, body: string, headers: Record<string, string | string[]> = {}): Promise<Answer> =>
    send('PUT', path, { body, ...headers })

  describe('files', () => {
    it('are written, read, described and removed', async () => {
      expect(await put('/a/b.txt', 'hello')).toMatchObject({ status: 201 })
      const read = await send('GET', '/a/b.txt')
      expect(read).toMatchObject({ status: 200, body: 'hello' })
      expect(read.headers).toMatchObject({
        'content-length': '5',
        'accept-ranges': 'bytes',
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
      })
      const head = await send('HEAD', '/a/b.txt')
      expect(head).toMatchObject({ status: 200, body: '' })
      expect(head.headers).toMatchObject({ 'content-length': '5', etag: read.headers.etag })
      expect(await put('/a/b.txt', 'again')).toMatchObject({ status: 204 })
      expect(await send('DELETE', '/a/b.txt')).toMatchObject({ status: 204 })
      expect(await send('GET', '/a/b.txt')).toMatchObject({ status: 404 })
      expect(await send('DELETE', '/a/b.txt')).toMatchObject({ status: 404 })
    })

    it('can be empty', async () => {
      await put('/empty', '')
      expect(await send('GET', '/empty')).toMatchObject({ status: 200, body: '' })
    })

    it('have names in any language, and with characters that mean something in URLs', async () => {
      const path = `/${encodeURIComponent('Ωmega 100% #1?')}`
      expect(await put(path, 'x')).toMatchObject({ status: 201 })
      expect(await send('GET', path)).toMatchObject({ status: 200, body: 'x' })
      expect(await storage.stat('/Ωmega 100% #1?')).toMatchObject({ size: 1 })
    })
  })

  describe('downloads that were interrupted', () => {
    it.each([
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=6-', '6789', 'bytes 6-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
    ])('continue with %s', async (range, body, contentRange) => {
      await put('/f', '0123456789')
      const answer = await send('GET', '/f', { range })
      expect(answer).toMatchObject({ status: 206, body })
      expect(answer.headers).toMatchObject({ 'content-range': contentRange, 'content-length': String(body.length) })
    })

    it('start anew where the file is another one by now', async () => {
      await put('/f', 'old')
      const { etag } = (await send('HEAD', '/f')).headers
      expect(await send('GET', '/f', { range: 'bytes=1-', 'if-range': etag! })).toMatchObject({
        status: 206,
        body: 'ld',
      })
      await put('/f', 'new')
      expect(await send('GET', '/f', { range: 'bytes=1-', 'if-range': etag! })).toMatchObject({
        status: 200,
        body: 'new',
      })
    })

    it('are told where the file ends', async () => {
      await put('/f', '0123456789')
      const answer = await send('GET', '/f', { range: 'bytes=10-' })
      expect(answer).toMatchObject({ status: 416 })
      expect(answer.headers['content-range']).toBe('bytes */10')
    })
  })

  describe('uploads in pieces', () => {
    it('appear when the last piece is there, and say how far they are', async () => {
      expect(await put('/f', '0123', { 'content-range': 'bytes 0-3/10' })).toMatchObject({ status: 202 })
      expect(await send('GET', '/f')).toMatchObject({ status: 404 })
      const asked = await put('/f', '', { 'content-range': 'bytes */10' })
      expect(asked).toMatchObject({ status: 202 })
      expect(asked.headers.range).toBe('bytes=0-3')
      expect(await put('/f', '456789', { 'content-range': 'bytes 4-9/10' })).toMatchObject({ status: 201 })
      expect(await send('GET', '/f')).toMatchObject({ body: '0123456789' })
    })

    it('go on where they were, not elsewhere', async () => {
      await put('/f', '0123', { 'content-range': 'bytes 0-3/10' })
      expect(await put('/f', '89', { 'content-range': 'bytes 8-9/10' })).toMatchObject({ status: 416 })
      expect(await put('/f', 'x', { 'content-range': 'bytes nonsense' })).toMatchObject({ status: 400 })
      expect(await put('/f', '456789', { 'content-range': 'bytes 4-9/10' })).toMatchObject({ status: 201 })
    })

    it("of two people never become one file's pieces", async () => {
      const ben = await issuer.sign({ sub: 'ben', scope: 'write:/', aud: AUDIENCE })
      await put('/f', '0123', { 'content-range': 'bytes 0-3/10' })
      expect(await put('/f', '456789', { 'content-range': 'bytes 4-9/10', as: ben })).toMatchObject({ status: 416 })
    })

    it('survive a connection that breaks', async () => {
      const { hostname, port } = new URL(service.url)
      const headers = { authorization: `Bearer ${all}`, 'content-range': 'bytes 0-9/10', 'content-length': 10 }
      const request = httpRequest({ agent: false, hostname, port, method: 'PUT', path: '/f', headers })
      request.on('error', () => {}) // that is the point
      request.write('0123')
      await expect.poll(bytesWaiting).toBe(4)
      request.destroy()
      await expect
        .poll(async () => (await put('/f', '', { 'content-range': 'bytes */10' })).headers.range)
        .toBe('bytes=0-3')
      expect(await put('/f', '456789', { 'content-range': 'bytes 4-9/10' })).toMatchObject({ status: 201 })
      expect(await send('GET', '/f')).toMatchObject({ body: '0123456789' })
    })
  })

  describe('conditions', () => {
    it('If-None-Match: * never replaces', async () => {
      expect(await put('/f', 'one', { 'if-none-match': '*' })).toMatchObject({ status: 201 })
      expect(await put('/f', 'two', { 'if-none-match': '*' })).toMatchObject({ status: 412 })
      expect(await send('GET', '/f')).toMatchObject({ body: 'one' })
    })

    it('If-Match replaces and removes only what the client knows', async () => {
      await put('/f', 'one')
      const { etag } = (await send('HEAD', '/f')).headers
      expect(await put('/f', 'two', { 'if-match': etag! })).toMatchObject({ status: 204 })
      expect(await put('/f', 'three', { 'if-match': etag! })).toMatchObject({ status: 412 })
      expect(await send('DELETE', '/f', { 'if-match': etag! })).toMatchObject({ status: 412 })
      expect(await put('/g', 'x', { 'if-match': '*' })).toMatchObject({ status: 412 })
    })

    it('If-None-Match spares a download', async () => {
      await put('/f', 'one')
      const { etag } = (await send('HEAD', '/f')).headers
      expect(await send('GET', '/f', { 'if-none-match': etag! })).toMatchObject({ status: 304, body: '' })
    })
  })

  describe('directories', () => {
    it('are made, listed and removed', async () => {
      expect(await send('MKCOL', '/a/b')).toMatchObject({ status: 409 })
      expect(await send('MKCOL', '/a/')).toMatchObject({ status: 201 })
      expect(await send('MKCOL', '/a')).toMatchObject({ status: 405 })
      expect(await send('MKCOL', '/c', { body: '<x/>' })).toMatchObject({ status: 415 })
      await put('/a/%3Codd%3E%20&%20%22name%22', 'hello')
      const list = await send('PROPFIND', '/a', { depth: '1' })
      expect(list).toMatchObject({ status: 207 })
      expect(list.headers['content-type']).toContain('application/xml')
      expect(list.body).toContain('<D:href>/a/</D:href>')
      expect(list.body).toContain('<D:href>/a/%3Codd%3E%20&amp;%20%22name%22</D:href>')
      expect(list.body).toContain('<D:getcontentlength>5</D:getcontentlength>')
      expect(await send('GET', '/a')).toMatchObject({ status: 409 })
      expect(await send('DELETE', '/a')).toMatchObject({ status: 204 })
      expect(await send('PROPFIND', '/a', { depth: '0' })).toMatchObject({ status: 404 })
    })

    it('are not listed all the way down at once', async () => {
      const answer = await send('PROPFIND', '/')
      expect(answer).toMatchObject({ status: 403 })
      expect(answer.body).toContain('propfind-finite-depth')
    })
  })

  describe.each(['MOVE', 'COPY'])('%s', (method) => {
    it('takes a file to a path or URL on this server', async () => {
      await put('/a', 'x')
      expect(await send(method, '/a', { destination: '/b' })).toMatchObject({ status: 201 })
      expect(await send('GET', '/b')).toMatchObject({ body: 'x' })
      expect(await send('GET', '/a')).toMatchObject({ status: method === 'MOVE' ? 404 : 200 })
      await put('/a', 'y')
      expect(await send(method, '/a', { destination: `${service.url}/b`, overwrite: 'F' })).toMatchObject({
        status: 412,
      })
      expect(await send(method, '/a', { destination: `${service.url}/b` })).toMatchObject({ status: 204 })
      expect(await send('GET', '/b')).toMatchObject({ body: 'y' })
    })

    it('needs a destination, on this server', async () => {
      await put('/a', 'x')
      expect(await send(method, '/a')).toMatchObject({ status: 400 })
      expect(await send(method, '/a', { destination: 'https://elsewhere.example/b' })).toMatchObject({ status: 400 })
    })
  })

  describe('what a token allows', () => {
    beforeEach(async () => {
      await put('/ana/old', 'old')
      await put('/ben/old', 'old')
    })
    const refusal = async (answer: Promise<Answer>): Promise<unknown> => {
      const { status, headers } = await answer
      return [status, /error="(\w+)"/.exec(headers['www-authenticate'] ?? '')?.[1]]
    }
    const NOT_ALLOWED = [403, 'insufficient_scope']

    it('is decided for every method', async () => {
      const as = await token('read:/ana write:/ana')
      expect(await refusal(send('GET', '/ben/old', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(send('HEAD', '/ben/old', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(put('/ben/new', 'x', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(put('/ben/old', 'x', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(send('DELETE', '/ben/old', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(send('MKCOL', '/ben/d', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(send('PROPFIND', '/ben', { as, depth: '1' }))).toEqual(NOT_ALLOWED)
      for (const method of ['MOVE', 'COPY']) {
        expect(await refusal(send(method, '/ben/old', { as, destination: '/ana/x' }))).toEqual(NOT_ALLOWED)
        expect(await refusal(send(method, '/ana/old', { as, destination: '/ben/x' }))).toEqual(NOT_ALLOWED)
      }
      expect((await storage.list('/ben')).map(({ path }) => path)).toEqual(['/ben/old'])
      expect(await send('GET', '/ana/old', { as })).toMatchObject({ status: 200 })
    })

    it.each([
      ['MOVE', 'destination', ['/ana/x', '/ana/y']],
      // Node would make one path of these two.
      ['COPY', 'destination', ['/ana/x', 'y']],
      // Node would make `F, T` of these, which is not F.
      ['MOVE', 'overwrite', ['F', 'T']],
      ['PROPFIND', 'depth', ['0', '1']],
    ])('%s: of a field that says what is done, %s, there is one or none', async (method, field, values) => {
      await put('/ana/x', 'mine')
      const others = { destination: '/ana/x', overwrite: 'F', [field]: values }
      expect(await send(method, '/ana/old', others)).toMatchObject({ status: 400 })
      expect((await storage.list('/ana')).map(({ path }) => path)).toEqual(['/ana/old', '/ana/x'])
      expect(await send('GET', '/ana/x')).toMatchObject({ status: 200, body: 'mine' })
    })

    it('creating is not replacing', async () => {
      const as = await token('storage.create:/ana')
      expect(await refusal(put('/ana/old', 'x', { as }))).toEqual(NOT_ALLOWED)
      expect(await refusal(send('DELETE', '/ana/old', { as }))).toEqual(NOT_ALLOWED)
      expect(await put('/ana/new', 'x', { as })).toMatchObject({ status: 201 })
      expect(await send('MKCOL', '/ana/d', { as })).toMatchObject({ status: 201 })
      expect(await send('MOVE', '/ana/new', { as, destination: '/ana/newer' })).toMatchObject({ status: 201 })
      expect(await refusal(send('MOVE', '/ana/newer', { as, destination: '/ana/old' }))).toEqual(NOT_ALLOWED)
    })

    it('nothing, without one', async () => {
      const { hostname, port } = new URL(service.url)
      const status = await new Promise((resolve, reject) => {
        httpRequest({ agent: false, hostname, port, path: '/ana/old' }, (response) => {
          response.resume()
          resolve([response.statusCode, response.headers['www-authenticate']])
        })
          .on('error', reject)
          .end()
      })
      expect(status).toEqual([401, 'Bearer'])
    })

    it.each([
      '/ana/../ben/old',
      '/ana/%2e%2e/ben/old',
      '/ana/..%2fben/old',
      '/ana\\..\\ben\\old',
      '/%2561na/%252e%252e/ben/old',
    ])('is not widened by %s', async (path) => {
      const as = await token('read:/ana write:/ana')
      for (const method of ['GET', 'DELETE', 'PROPFIND']) {
        expect((await send(method, path, { as, depth: '0' })).status).toBe(400)
      }
      expect((await put(path, 'x', { as })).status).toBe(400)
      expect((await send('MOVE', '/ana/old', { as, destination: path })).status).toBe(400)
      expect(await storage.stat('/ben/old')).toMatchObject({ size: 3 })
    })
  })

  it('says which methods there are, and refuses others', async () => {
    const options = await send('OPTIONS', '/')
    expect(options).toMatchObject({ status: 204 })
    expect(options.headers.allow).toContain('PROPFIND')
    expect((await send('POST', '/x', { body: 'x' })).status).toBe(400)
  })
}
