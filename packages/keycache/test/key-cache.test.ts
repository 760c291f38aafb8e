import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestClock, createTestIssuer } from '@scitokens/core/testing'
import { verifyToken } from '@scitokens/core'
import { expect, test } from 'vitest'
import {
  CACHE_FILE,
  type Lease,
  type LeaseRequest,
  KeyCache,
  type KeyCacheOptions,
  MemoryStore,
  type StoredIssuer,
} from '../src/index.ts'
import { cacheForTest, issuerForTest, temporaryDirectory, until } from './fixture.ts'
import { type IssuerServer, JWKS, METADATA, newKey, sendJson } from './issuer-server.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** An issuer, a cache with a clock that stands, and keys loaded at its present moment. */
async function loaded(options: Partial<KeyCacheOptions> = {}): Promise<{
  server: IssuerServer
  cache: ReturnType<typeof cacheForTest>
  clock: ReturnType<typeof createTestClock>
}> {
  const server = await issuerForTest()
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock, random: () => 0.5, ...options })
  await cache.load(server.issuer)
  return { server, cache, clock }
}

const kidsOf = (cache: KeyCache, server: IssuerServer): readonly (string | undefined)[] =>
  cache.status().issuers.find(({ issuer }) => issuer === server.issuer)!.kids

test('a token of a real issuer is verified with keys that the cache found by itself', async () => {
  const server = await issuerForTest()
  const vo = await createTestIssuer({ issuer: server.issuer })
  server.keys = [vo.key.publicJwk]
  const token = await vo.sign({ scope: 'read:/', aud: 'https://storage.example' })
  await expect(verifyToken(token, { keys: cacheForTest(server) })).resolves.toMatchObject({ issuer: server.issuer })
})

test('keys fetched by a clock that was years ahead are not served once it is right, not even for a year of outage', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const directory = temporaryDirectory()
  clock.advance(10 * 365 * DAY)
  const cache = cacheForTest(server, { clock, cacheDir: directory })
  await cache.load(server.issuer)
  clock.advance(-10 * 365 * DAY)
  server.fail(500)
  // In the process that fetched them, and in another one that finds them in the file.
  const other = cacheForTest(server, { clock, cacheDir: directory })
  for (let day = 0; day < 365; day += 30) {
    for (const each of [cache, other]) {
      // oxlint-disable-next-line no-await-in-loop -- simulated time goes step by step
      await expect(each.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable', family: 'undecided' })
    }
    clock.advance(30 * DAY)
  }
  server.fail(undefined)
  await cache.refresh(server.issuer)
  expect(cache.status().issuers[0]).toMatchObject({ age: 'fresh', fetchedAt: clock() })
})

test('keys that another machine fetched by a clock a minute ahead are served', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const directory = temporaryDirectory()
  const ahead = cacheForTest(server, { clock: () => clock() + 60, cacheDir: directory })
  await ahead.load(server.issuer)
  await ahead.close()
  server.fail(500)
  await expect(cacheForTest(server, { clock, cacheDir: directory }).load(server.issuer)).resolves.toBeDefined()
})

// Fresh

test('fresh keys are answered without waiting and without traffic, always as the same object', async () => {
  const { server, cache, clock } = await loaded()
  const set = cache.getKeySet(server.issuer, { kid: 'first' })
  expect(set).not.toBeInstanceOf(Promise)
  clock.advance(HOUR - 1)
  expect(cache.getKeySet(server.issuer)).toBe(set)
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('ten thousand first callers cause one metadata and one key set request', async () => {
  const server = await issuerForTest()
  const cache = cacheForTest(server)
  const callers = Array.from({ length: 10_000 }, async () => cache.getKeySet(server.issuer, { kid: 'first' }))
  expect(new Set(await Promise.all(callers)).size).toBe(1)
  expect(server.requests).toEqual([METADATA, JWKS])
})

test.each([
  ['max-age=1200', 1200],
  ['max-age=5', 600],
  ['no-store', 600],
  ['max-age=31536000', 6 * HOUR],
])('Cache-Control %s makes keys fresh for %i seconds', async (header, seconds) => {
  const server = await issuerForTest()
  server.jwksHeaders = { 'cache-control': header }
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock })
  await cache.load(server.issuer)
  expect(cache.status().issuers[0]!.refreshAt).toBe(clock() + seconds)
})

// Stale

test('stale keys are served at once while one refresh runs in the background', async () => {
  const { server, cache, clock } = await loaded()
  clock.advance(HOUR)
  let release = (): void => {}
  server.on(JWKS, (_, response) => {
    release = () => sendJson(response, { keys: server.keys })
  })
  for (let call = 0; call < 100; call++)
    expect(cache.getKeySet(server.issuer, { kid: 'first' })).not.toBeInstanceOf(Promise)
  await until(() => server.count(JWKS) === 2)
  release()
  await until(() => cache.status().issuers[0]!.age === 'fresh')
  expect(server.requests).toEqual([METADATA, JWKS, METADATA, JWKS])
})

test('a refresh without change keeps the key set object, by status 304 or by equal content', async () => {
  const { server, cache, clock } = await loaded()
  const before = cache.getKeySet(server.issuer)
  clock.advance(HOUR)
  expect(await cache.refresh(server.issuer)).toBe(before)
  server.jwksHeaders = { etag: '"v1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }
  await cache.refresh(server.issuer)
  const seen: unknown[] = []
  server.on(JWKS, (request, response) => {
    seen.push(request.headers['if-none-match'], request.headers['if-modified-since'])
    response.writeHead(304).end()
  })
  clock.advance(HOUR)
  expect(await cache.refresh(server.issuer)).toBe(before)
  expect(seen).toEqual(['"v1"', 'Thu, 01 Jan 2026 00:00:00 GMT'])
  expect(cache.status().issuers[0]).toMatchObject({ age: 'fresh', fetchedAt: clock() })
})

test('validators of one address are not sent to another', async () => {
  const { server, cache } = await loaded()
  server.jwksHeaders = { etag: '"v1"' }
  await cache.refresh(server.issuer)
  server.on(METADATA, (_, response) =>
    sendJson(response, { issuer: server.issuer, jwks_uri: `${server.issuer}/other` }),
  )
  let condition: string | undefined = 'not asked'
  server.on('/other', (request, response) => {
    condition = request.headers['if-none-match']
    sendJson(response, { keys: server.keys })
  })
  await cache.refresh(server.issuer)
  expect(condition).toBeUndefined()
})

test('a key that a successful refresh no longer lists is dropped at once', async () => {
  const { server, cache, clock } = await loaded()
  server.keys = [await newKey('second')]
  clock.advance(HOUR)
  await cache.refresh(server.issuer)
  expect(kidsOf(cache, server)).toEqual(['second'])
  await expect(cache.getKey(server.issuer, 'first')).rejects.toMatchObject({ code: 'key_not_found' })
})

test('a new key under an old kid replaces it', async () => {
  const { server, cache } = await loaded()
  const before = await cache.getKey(server.issuer, 'first')
  server.keys = [await newKey('first')]
  await cache.refresh(server.issuer)
  expect((await cache.getKey(server.issuer, 'first')).jwk.x).not.toBe(before.jwk.x)
})

test('with staleRefresh wait, a short-lived process refreshes first, and uses what it has if that fails', async () => {
  const { server, cache, clock } = await loaded({ staleRefresh: 'wait' })
  server.keys = [...server.keys, await newKey('second')]
  clock.advance(HOUR)
  expect((await cache.load(server.issuer)).keys).toHaveLength(2)
  server.fail(500)
  clock.advance(HOUR)
  expect((await cache.load(server.issuer)).keys).toHaveLength(2)
  expect(cache.monitoring()).toMatchObject({ stale_key_uses: 1, failed_refreshes: 1 })
})

// An issuer that dies

test('an issuer dead for four days costs nobody a token; then it is unavailable, never "no such key"; then it recovers', async () => {
  const { server, cache, clock } = await loaded({ maxBackoff: HOUR })
  server.fail(500)
  let requests = 0
  for (const end = clock() + 4 * DAY; clock() < end; clock.advance(10 * 60)) {
    const { age, trouble } = cache.status().issuers[0]!
    const { background_failed_refreshes: failures } = cache.monitoring()
    expect(cache.getKeySet(server.issuer, { kid: 'first' })).not.toBeInstanceOf(Promise)
    requests++
    if (age === 'fresh' || (trouble && clock() < trouble.retryAt)) continue
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    await until(() => cache.monitoring().background_failed_refreshes === failures + 1)
  }
  expect(requests).toBe(4 * 24 * 6)
  // One attempt per hour in the end, spread over the upper half of that, and a few at first.
  expect(server.count(METADATA)).toBeGreaterThan(4 * 24)
  expect(server.count(METADATA)).toBeLessThan(4 * 24 * 2 + 15)
  await expect(cache.getKey(server.issuer, 'first')).rejects.toMatchObject({
    code: 'issuer_unavailable',
    family: 'undecided',
  })
  server.fail(undefined)
  clock.advance(HOUR)
  expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
  expect(cache.status().issuers[0]).toMatchObject({ age: 'fresh', trouble: undefined })
})

test.each([
  ['status 500', (server: IssuerServer) => server.fail(500)],
  ['no keys', (server: IssuerServer) => (server.keys = [])],
  [
    'another issuer',
    (server: IssuerServer) => server.on(METADATA, (_, r) => sendJson(r, { issuer: 'https://x.example' })),
  ],
  ['an error document', (server: IssuerServer) => server.on(JWKS, (_, r) => sendJson(r, { error: 'maintenance' }))],
])('a refresh that brings %s never overwrites good keys', async (_, breakIt) => {
  const { server, cache, clock } = await loaded()
  breakIt(server)
  clock.advance(HOUR)
  await expect(cache.refresh(server.issuer)).rejects.toMatchObject({ family: 'undecided' })
  expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
})

test('callers of a dead issuer are told the same failure with its age, and the issuer is left alone', async () => {
  const server = await issuerForTest()
  server.fail(503)
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock, random: () => 0.999, minBackoff: 60 })
  await expect(cache.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable', retryAfterSeconds: 60 })
  clock.advance(20)
  const calls = Array.from({ length: 1000 }, () => cache.load(server.issuer).catch((error: Error) => error.message))
  const messages = new Set(await Promise.all(calls))
  expect([...messages]).toEqual([expect.stringContaining('(20 s ago)')])
  expect(server.requests).toEqual([METADATA])
})

test('status 500, then recovery: the first request after the back-off succeeds', async () => {
  const server = await issuerForTest()
  server.fail(500)
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock })
  await expect(cache.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  server.fail(undefined)
  clock.advance(1)
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
})

test('an issuer that says Retry-After is left alone for so long', async () => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => response.writeHead(429, { 'retry-after': '120' }).end())
  const cache = cacheForTest(server, { clock: createTestClock() })
  await expect(cache.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable', retryAfterSeconds: 120 })
})

test('refresh by name ignores the back-off', async () => {
  const server = await issuerForTest()
  server.fail(500)
  const cache = cacheForTest(server, { clock: createTestClock() })
  await expect(cache.load(server.issuer)).rejects.toThrow()
  server.fail(undefined)
  expect((await cache.refresh(server.issuer)).keys).toHaveLength(1)
})

// Unknown kids

test('an unknown kid brings a new key within one request, before the refresh is due', async () => {
  const { server, cache, clock } = await loaded()
  clock.advance(31)
  server.keys = [...server.keys, await newKey('second')]
  expect((await cache.getKey(server.issuer, 'second')).kid).toBe('second')
})

test('ten thousand different unknown kids cause one forced refresh, one after the other or at once', async () => {
  const { server, cache, clock } = await loaded()
  clock.advance(60)
  const ask = (index: number): Promise<unknown> =>
    cache.getKey(server.issuer, `forged-${index}`).catch((error: unknown) => error)
  const outcomes = await Promise.all(Array.from({ length: 5000 }, (_, index) => ask(index)))
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let index = 5000; index < 10_000; index++) outcomes.push(await ask(index))
  expect(outcomes.every((error) => (error as { code?: string }).code === 'key_not_found')).toBe(true)
  expect(server.requests).toEqual([METADATA, JWKS, METADATA, JWKS])
})

test('within the cooldown an unknown kid is answered without waiting', async () => {
  const { server, cache } = await loaded()
  expect(cache.getKeySet(server.issuer, { kid: 'forged' })).not.toBeInstanceOf(Promise)
  expect(cache.monitoring().negative_cache_hits).toBe(1)
})

test('when the issuer cannot be asked about an unknown kid, nothing was decided', async () => {
  const { server, cache, clock } = await loaded()
  clock.advance(60)
  server.fail(500)
  for (let attempt = 0; attempt < 3; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(cache.getKey(server.issuer, 'second')).rejects.toMatchObject({ family: 'undecided' })
  }
  expect(server.count(METADATA)).toBe(2)
  expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
})

test('a kid whose key must not be used is known: it causes no refresh', async () => {
  const server = await issuerForTest()
  server.keys = [...server.keys, { ...(await newKey('encryption')), use: 'enc' }]
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock })
  await cache.load(server.issuer)
  clock.advance(60)
  expect(cache.getKeySet(server.issuer, { kid: 'encryption' })).not.toBeInstanceOf(Promise)
  expect(server.count(JWKS)).toBe(1)
})

test('a token without kid is served by an issuer with one key only', async () => {
  const { server, cache } = await loaded()
  expect((await cache.getKey(server.issuer, undefined)).kid).toBe('first')
  server.keys = [...server.keys, await newKey('second')]
  await cache.refresh(server.issuer)
  await expect(cache.getKey(server.issuer, undefined)).rejects.toMatchObject({ code: 'key_not_found' })
})

// Trust

test.each(['/', '/extra', '?x=1', '#x'])(
  'an issuer that differs by %s is another issuer and is never contacted',
  async (suffix) => {
    const { server, cache } = await loaded()
    const requests = server.requests.length
    expect(() => cache.getKeySet(server.issuer + suffix)).toThrow(expect.objectContaining({ code: 'untrusted_issuer' }))
    expect(server.requests).toHaveLength(requests)
  },
)

test.each([
  'http://issuer.example',
  'https://user@issuer.example',
  'https://issuer.example/?a',
  'issuer',
  'file:///etc',
  '',
])('the issuer %j cannot be configured', (issuer) => {
  expect(() => new KeyCache({ issuers: [issuer], store: 'memory' })).toThrow(
    expect.objectContaining({ family: 'config' }),
  )
})

test('plain http is for loopback hosts, and only when the dangerous option names it', async () => {
  const { issuer } = await issuerForTest()
  expect(() => new KeyCache({ issuers: [issuer], store: 'memory' })).toThrow(
    expect.objectContaining({ code: 'insecure_url', family: 'config' }),
  )
  const options = { store: 'memory', dangerouslyAllowLoopbackHttp: true } as const
  expect(() => new KeyCache({ issuers: ['http://issuer.example'], ...options })).toThrow(
    expect.objectContaining({ code: 'insecure_url', family: 'config' }),
  )
})

test('issuers are added and removed while running', async () => {
  const server = await issuerForTest()
  const cache = cacheForTest(server, { issuers: [] })
  await cache.add(server.issuer)
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
  expect(await cache.remove(server.issuer)).toBe(true)
  expect(await cache.remove(server.issuer)).toBe(false)
  expect(() => cache.getKeySet(server.issuer)).toThrow(expect.objectContaining({ code: 'untrusted_issuer' }))
  expect(await cache.list()).toEqual([])
})

test('an issuer removed while it is being asked leaves nothing behind', async () => {
  const server = await issuerForTest()
  let release = (): void => {}
  server.on(JWKS, (_, response) => {
    release = () => sendJson(response, { keys: server.keys })
  })
  const cache = cacheForTest(server)
  const loading = cache.load(server.issuer).catch(() => {})
  await until(() => server.count(JWKS) === 1)
  await cache.remove(server.issuer)
  release()
  await loading
  expect(await cache.list()).toEqual([])
})

test('keys given by hand serve an issuer that cannot be reached', async () => {
  const key = await newKey('by-hand')
  const cache = cacheForTest({ issuer: 'https://unreachable.example' })
  await cache.add('https://unreachable.example', { jwks: { keys: [key] } })
  expect((await cache.getKey('https://unreachable.example', 'by-hand')).jwk.x).toBe(key.x)
})

test('keys given by hand are judged like any other', async () => {
  const cache = cacheForTest({ issuer: 'https://unreachable.example' })
  await expect(cache.add('https://unreachable.example', { jwks: { keys: [] } })).rejects.toMatchObject({
    code: 'discovery_failed',
  })
})

// Many issuers

test('hydrate makes all issuers ready and tells which are not', async () => {
  const servers = await Promise.all(Array.from({ length: 12 }, () => issuerForTest()))
  servers[3]!.fail(500)
  const cache = cacheForTest(servers[0]!, { issuers: servers.map(({ issuer }) => issuer) })
  const results = await cache.hydrate()
  expect(results.filter(({ error }) => error).map(({ issuer }) => issuer)).toEqual([servers[3]!.issuer])
  for (const [index, { issuer }] of servers.entries()) {
    if (index !== 3) expect(cache.getKeySet(issuer)).not.toBeInstanceOf(Promise)
  }
})

test('updateAll asks only issuers that are due, or all by force', async () => {
  const [one, two] = [await issuerForTest(), await issuerForTest()]
  const clock = createTestClock()
  const cache = cacheForTest(one, { clock, issuers: [one.issuer, two.issuer] })
  await cache.load(one.issuer)
  clock.advance(HOUR)
  await cache.load(two.issuer)
  expect(await cache.updateAll()).toHaveLength(2)
  expect([one.count(JWKS), two.count(JWKS)]).toEqual([2, 1])
  await cache.updateAll({ force: true })
  expect([one.count(JWKS), two.count(JWKS)]).toEqual([3, 2])
})

test('updateEvery keeps keys fresh though nobody asks', async () => {
  const { server, cache, clock } = await loaded({ updateEvery: 1 })
  clock.advance(HOUR)
  await until(() => server.count(JWKS) === 2)
  await until(() => cache.status().issuers[0]!.age === 'fresh')
})

// Callers who give up

test('a caller who gives up ends his wait, not the fetch that others wait for', async () => {
  const server = await issuerForTest()
  let release = (): void => {}
  server.on(JWKS, (_, response) => {
    release = () => sendJson(response, { keys: server.keys })
  })
  const cache = cacheForTest(server)
  const controller = new AbortController()
  const impatient = cache.load(server.issuer, { signal: controller.signal })
  const patient = cache.load(server.issuer)
  await until(() => server.count(JWKS) === 1)
  controller.abort()
  await expect(impatient).rejects.toMatchObject({ code: 'aborted', family: 'undecided' })
  release()
  expect((await patient).keys).toHaveLength(1)
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('a caller who gave up before he asked causes no request', async () => {
  const server = await issuerForTest()
  const cache = cacheForTest(server)
  await expect(cache.load(server.issuer, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  expect(server.requests).toEqual([])
})

test('closing ends what is under way, and a failure by closing is not held against the issuer', async () => {
  const server = await issuerForTest()
  server.on(METADATA, () => {})
  const cache = cacheForTest(server)
  const loading = cache.load(server.issuer)
  await until(() => server.count(METADATA) === 1)
  const closing = cache.close()
  await expect(loading).rejects.toMatchObject({ code: 'aborted' })
  await closing
  expect(cache.monitoring().failed_key_lookups).toBe(0)
  await expect(cache.refresh(server.issuer)).rejects.toMatchObject({ code: 'aborted' })
})

// What attackers may cost

/** A store that counts what it is asked. */
class CountingStore extends MemoryStore {
  asked = 0

  override read(issuer: string): StoredIssuer | undefined {
    this.asked++
    return super.read(issuer)
  }

  override lease(issuer: string, request: LeaseRequest): Lease {
    this.asked++
    return super.lease(issuer, request)
  }
}

test('neither forged kids nor a dead issuer make the file be read for every token', async () => {
  const store = new CountingStore()
  const { server, cache, clock } = await loaded({ store })
  clock.advance(60)
  const refuse = (kid: string): Promise<unknown> => cache.getKey(server.issuer, kid).catch((error: unknown) => error)
  await refuse('forged')
  const before = store.asked
  for (let index = 0; index < 1000; index++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await refuse(`forged-${index}`)
  }
  expect(store.asked).toBe(before)

  server.fail(500)
  clock.advance(5 * DAY)
  await refuse('first')
  const afterFailure = store.asked
  const started = performance.now()
  for (let index = 0; index < 1000; index++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await refuse('first')
  }
  const seconds = Math.ceil((performance.now() - started) / 1000)
  expect(store.asked - afterFailure).toBeLessThanOrEqual(2 * (seconds + 1))
})

test('while one process is held off by a failure, it notices within a second that another one had more luck', async () => {
  const store = new MemoryStore()
  const server = await issuerForTest()
  const clock = createTestClock()
  const [one, two] = [cacheForTest(server, { store, clock }), cacheForTest(server, { store, clock })]
  server.fail(500)
  await expect(one.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  server.fail(undefined)
  await two.refresh(server.issuer)
  expect((await one.load(server.issuer)).keys).toHaveLength(1)
  expect(server.count(JWKS)).toBe(1)
})

// What other processes do

test('keys that another process refreshed or removed are noticed within ten seconds, though they are fresh', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const cacheDir = temporaryDirectory()
  const [running, shell] = [cacheForTest(server, { cacheDir, clock }), cacheForTest(server, { cacheDir, clock })]
  const before = await running.load(server.issuer)
  server.keys = [await newKey('second')]
  clock.advance(5)
  await shell.refresh(server.issuer)
  expect(running.getKeySet(server.issuer)).toBe(before)
  clock.advance(10)
  void running.getKeySet(server.issuer)
  await until(() => kidsOf(running, server)[0] === 'second')
  await expect(running.getKey(server.issuer, 'first')).rejects.toMatchObject({ code: 'key_not_found' })

  await shell.remove(server.issuer)
  clock.advance(10)
  void running.getKeySet(server.issuer)
  await until(() => running.status().issuers[0]!.age === 'none')
  expect((await running.load(server.issuer)).keys).toHaveLength(1)
  expect(server.count(JWKS)).toBe(3)
})

test('a file that vanishes or breaks takes no keys from a running process', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const cacheDir = temporaryDirectory()
  const cache = cacheForTest(server, { cacheDir, clock, warn: () => {} })
  await cache.load(server.issuer)
  server.fail(500)
  const file = join(cacheDir, CACHE_FILE)
  writeFileSync(file, 'no database'.repeat(2000))
  for (const step of [20, 20, 4000]) {
    clock.advance(step)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await new Promise((resolve) => setImmediate(resolve))
    expect(cache.getKeySet(server.issuer, { kid: 'first' })).not.toBeInstanceOf(Promise)
    rmSync(file, { force: true })
  }
  expect(cache.status().issuers[0]!.kids).toEqual(['first'])
})

test('an attempt that began before refresh was called is no answer to it', async () => {
  const server = await issuerForTest()
  let release = (): void => {}
  server.on(JWKS, (_, response) => {
    const { keys } = server
    release = () => sendJson(response, { keys })
  })
  const cache = cacheForTest(server)
  const loading = cache.load(server.issuer)
  await until(() => server.count(JWKS) === 1)
  server.keys = [await newKey('second')]
  server.on(JWKS, undefined)
  const refreshing = cache.refresh(server.issuer)
  release()
  expect((await loading).keys.map(({ kid }) => kid)).toEqual(['first'])
  expect((await refreshing).keys.map(({ kid }) => kid)).toEqual(['second'])
})
