import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock } from '@scitokens/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CACHE_FILE, KeyCache, type KeyCacheOptions } from '../src/index.ts'
import { type IssuerServer, JWKS, METADATA, newKey, startIssuer } from './issuer-server.ts'

let server: IssuerServer
let directory: string
const caches: KeyCache[] = []
const clock = createTestClock()

beforeEach(async () => {
  server = await startIssuer()
  directory = mkdtempSync(join(tmpdir(), 'keycache-'))
})

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()))
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

function open(options: Partial<KeyCacheOptions> = {}): KeyCache {
  const cache = new KeyCache({
    issuers: [server.issuer],
    cacheDir: join(directory, 'cache'),
    dangerouslyAllowLoopbackHttp: true,
    clock,
    ...options,
  })
  caches.push(cache)
  return cache
}

test('keys are found by the metadata, and a fresh set is answered without waiting and without traffic', async () => {
  const cache = open()
  const set = await cache.load(server.issuer)
  expect(set.keys.map(({ kid }) => kid)).toEqual(['first'])
  expect(server.requests).toEqual([METADATA, JWKS])
  expect(cache.getKeySet(server.issuer, { kid: 'first' })).toBe(set)
  expect(server.requests).toHaveLength(2)
})

test('an issuer that is not trusted is refused before any request', () => {
  const cache = open({ issuers: [] })
  expect(() => cache.getKeySet(server.issuer, { kid: 'first' })).toThrow(
    expect.objectContaining({ code: 'untrusted_issuer' }),
  )
  expect(server.requests).toEqual([])
})

test('plain http is refused unless the dangerous option names it', () => {
  expect(() => open({ dangerouslyAllowLoopbackHttp: false })).toThrow(expect.objectContaining({ code: 'insecure_url' }))
})

test('another process finds the keys in the file and needs no network', async () => {
  await open().load(server.issuer)
  await server[Symbol.asyncDispose]()
  const key = await open().getKey(server.issuer, 'first')
  expect(key.jwk.x).toBe(server.keys[0]!.x)
})

test.skipIf(process.platform === 'win32')('the directory is 0700 and the file 0600', async () => {
  await open().load(server.issuer)
  expect(statSync(join(directory, 'cache')).mode & 0o777).toBe(0o700)
  expect(statSync(join(directory, 'cache', CACHE_FILE)).mode & 0o777).toBe(0o600)
})

test('a thousand first callers cause one metadata and one key set request', async () => {
  const cache = open()
  const sets = await Promise.all(
    Array.from({ length: 1000 }, async () => cache.getKeySet(server.issuer, { kid: 'first' })),
  )
  expect(new Set(sets).size).toBe(1)
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('an unknown kid brings a new key at once, but only once per cooldown', async () => {
  const cache = open()
  await cache.load(server.issuer)
  clock.advance(31)
  server.keys = [...server.keys, await newKey('second')]
  expect((await cache.getKey(server.issuer, 'second')).kid).toBe('second')
  await expect(cache.getKey(server.issuer, 'third')).rejects.toMatchObject({ code: 'key_not_found' })
  expect(server.count(JWKS)).toBe(2)
})
