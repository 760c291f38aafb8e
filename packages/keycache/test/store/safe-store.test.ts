import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createTestClock } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { CACHE_FILE, type KeyCacheOptions, SqliteStore } from '../../src/index.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { SafeStore } from '../../src/store/safe-store.ts'
import { cacheForTest, issuerForTest, temporaryDirectory } from '../fixture.ts'
import { JWKS } from '../issuer-server.ts'
import { lease, ISSUER, NOW, recordFor, TROUBLE } from './store-contract.ts'

/** Uses a cache on a file that is not as it should be; the warnings it gave. */
async function useCacheOn(cacheDir: string, options: Partial<KeyCacheOptions> = {}): Promise<string[]> {
  const server = await issuerForTest()
  const warnings: string[] = []
  const cache = cacheForTest(server, { cacheDir, warn: (message) => warnings.push(message), ...options })
  for (let use = 0; use < 3; use++) {
    // oxlint-disable-next-line no-await-in-loop -- one use after the other
    await cache.refresh(server.issuer)
  }
  expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
  expect(cache.status().store).toMatchObject({
    location: join(cacheDir, CACHE_FILE),
    problem: expect.any(String) as string,
  })
  await cache.close()
  return warnings
}

test.each([
  ['corrupt', (file: string) => writeFileSync(file, 'no database'.repeat(500)), 'file is not a database'],
  ['foreign', (file: string) => execute(file, 'CREATE TABLE bookmarks (url TEXT)'), 'another program'],
  [
    'future-versioned',
    (file: string) => {
      SqliteStore.open(file).close()
      execute(file, 'PRAGMA user_version = 99')
    },
    'a later version (99)',
  ],
  ['a directory in its place', (file: string) => mkdirSync(file, 0o700), 'not a regular file'],
])('a cache file that is %s costs one warning and is left as it was', async (_, make, expected) => {
  const directory = temporaryDirectory()
  const file = join(directory, CACHE_FILE)
  make(file)
  if (statSync(file).isFile()) chmodSync(file, 0o600)
  const before = statSync(file).isFile() ? readFileSync(file) : undefined
  const warnings = await useCacheOn(directory)
  expect(warnings).toEqual([expect.stringContaining(expected)])
  if (before) expect(readFileSync(file).equals(before)).toBe(true)
})

test('a directory that cannot be made costs one warning', async () => {
  const obstacle = join(temporaryDirectory(), 'file')
  writeFileSync(obstacle, '')
  expect(await useCacheOn(join(obstacle, 'cache'))).toEqual([expect.stringContaining('kept in memory')])
})

test('a directory that others can write costs one warning: they could plant keys', async () => {
  if (process.platform === 'win32') return
  const directory = temporaryDirectory()
  chmodSync(directory, 0o777)
  expect(await useCacheOn(directory)).toEqual([expect.stringContaining('can be written by others')])
})

function execute(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

test('a file that can only be read serves its keys; what is learned stays in memory, at one warning', async () => {
  const server = await issuerForTest()
  const file = join(temporaryDirectory(), CACHE_FILE)
  const clock = createTestClock()
  const seeding = cacheForTest(server, { store: SqliteStore.open(file), clock })
  await seeding.load(server.issuer)
  await seeding.close()
  const before = readFileSync(file)

  const warnings: string[] = []
  const warn = (message: string): number => warnings.push(message)
  const cache = cacheForTest(server, { store: SqliteStore.open(file, { readOnly: true }), clock, warn })
  await cache.load(server.issuer)
  expect([server.count(JWKS), warnings]).toEqual([1, []])
  for (let round = 0; round < 2; round++) {
    clock.advance(10_000)
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    await cache.updateAll()
  }
  expect(server.count(JWKS)).toBe(3)
  expect(cache.status().issuers[0]).toMatchObject({ age: 'fresh', fetchedAt: clock() })
  expect(warnings).toEqual([expect.stringContaining('can only be read')])
  expect(readFileSync(file).equals(before)).toBe(true)
  await expect(cache.remove(server.issuer)).rejects.toMatchObject({ code: 'config_error' })
})

test('a file that is locked for long costs one warning; what was learned meanwhile is written when it is free', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  SqliteStore.open(file).close()
  const health: (string | undefined)[] = []
  let now = 0
  const store = new SafeStore({
    location: file,
    open: () => SqliteStore.open(file),
    onHealth: (problem) => health.push(problem),
    clock: () => NOW,
    monotonic: () => now,
  })
  const locker = new DatabaseSync(file)
  locker.exec('BEGIN EXCLUSIVE')
  const record = await recordFor(ISSUER)
  const started = performance.now()
  await store.saveKeys(record)
  await store.saveTrouble('https://dead.example', TROUBLE)
  // oxlint-disable-next-line no-await-in-loop -- one use after the other
  for (let use = 0; use < 100; use++) expect((await store.read(ISSUER))?.keys).toEqual(record)
  // One wait, not one per use.
  expect(performance.now() - started).toBeLessThan(10_000)
  expect(health).toEqual([expect.stringContaining('locked')])
  locker.exec('ROLLBACK')
  locker.close()

  now += 31
  await store.saveKeys(await recordFor('https://other.example'))
  expect(health).toEqual([expect.any(String), undefined])
  const reader = SqliteStore.open(file)
  expect(reader.read(ISSUER)?.keys).toEqual(record)
  expect(reader.read('https://dead.example')?.trouble).toEqual(TROUBLE)
  expect(reader.list()).toHaveLength(3)
  reader.close()
  await store.close()
})

test('a short-lived process writes at its end what it could not write before', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  SqliteStore.open(file).close()
  const store = new SafeStore({
    location: file,
    open: () => SqliteStore.open(file),
    onHealth: () => {},
    clock: () => NOW,
  })
  const locker = new DatabaseSync(file)
  locker.exec('BEGIN EXCLUSIVE')
  const record = await recordFor(ISSUER)
  const saved = store.saveKeys(record)
  locker.exec('ROLLBACK')
  locker.close()
  await store.close()
  await saved
  const reader = SqliteStore.open(file)
  expect(reader.read(ISSUER)?.keys).toEqual(record)
  reader.close()
})

test('a corrupt file that is moved away is replaced by a new one without a restart', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  writeFileSync(file, 'no database'.repeat(500), { mode: 0o600 })
  let now = 0
  const store = new SafeStore({
    location: file,
    open: () => SqliteStore.open(file),
    onHealth: () => {},
    clock: () => NOW,
    monotonic: () => now,
  })
  const record = await recordFor(ISSUER)
  await store.saveKeys(record)
  expect(store.problem).toContain('not a database')
  rmSync(file)
  now += 31
  expect((await lease(store, 'asked')).verdict).toBe('go')
  await store.saveKeys({ ...record, attempt: 2 })
  expect(store.problem).toBeUndefined()
  await store.close()
  const reader = SqliteStore.open(file)
  expect(reader.read(ISSUER)?.keys?.attempt).toBe(2)
  reader.close()
})

test('leases and back-off hold in memory while the file does not serve', async () => {
  const store = new SafeStore({
    location: 'nowhere',
    open: () => {
      throw new Error('the disk is gone')
    },
    onHealth: () => {},
    clock: () => NOW,
  })
  expect((await lease(store, 'due')).verdict).toBe('go')
  expect((await lease(store, 'due')).verdict).toBe('leased')
  await store.saveTrouble(ISSUER, TROUBLE)
  expect((await lease(store, 'due')).verdict).toBe('backing_off')
  expect((await lease(store, 'due', NOW + 5)).verdict).toBe('go')
  expect(await store.list()).toHaveLength(1)
})

test("a store of one's own may fail at any call without harm", async () => {
  const server = await issuerForTest()
  const failing = new Proxy(new MemoryStore(), {
    get: (store, name) => {
      if (name === 'location') return store.location
      return () => {
        throw new Error('no')
      }
    },
  })
  const cache = cacheForTest(server, { store: failing, warn: () => {} })
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
  expect(await cache.list()).toHaveLength(1)
})

test('keys in a file that do not stand up to examination are fetched again', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  const first = cacheForTest(server, { cacheDir: directory })
  await first.load(server.issuer)
  await first.close()
  execute(
    join(directory, CACHE_FILE),
    `UPDATE issuer SET jwks = '{"keys":[{"kty":"RSA","kid":"first","n":"AQAB","e":"AQAB"}]}'`,
  )
  const second = cacheForTest(server, { cacheDir: directory })
  expect((await second.getKey(server.issuer, 'first')).jwk.kty).toBe('EC')
  expect(server.count(JWKS)).toBe(2)
})

test('of two writings for one issuer that wait for their turn, the later one is what is read, meanwhile and afterwards', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  SqliteStore.open(file).close()
  const store = new SafeStore({
    location: file,
    open: () => SqliteStore.open(file),
    onHealth: () => {},
    clock: () => NOW,
  })
  const locker = new DatabaseSync(file)
  locker.exec('BEGIN EXCLUSIVE')
  const [first, second] = [await recordFor(ISSUER), await recordFor(ISSUER, { attempt: 2 })]
  const calls = [store.saveKeys(first), store.read(ISSUER), store.saveKeys(second), store.read(ISSUER)]
  locker.exec('ROLLBACK')
  locker.close()
  const [, before, , after] = await Promise.all(calls)
  expect([before, after]).toMatchObject([{ keys: { attempt: 2 } }, { keys: { attempt: 2 } }])
  await store.close()
  const reader = SqliteStore.open(file)
  expect(reader.read(ISSUER)?.keys).toEqual(second)
  reader.close()
})

test('keys in the file that a clock fetched which was years ahead do not win against what this process knows', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  let now = 0
  let broken = true
  const store = new SafeStore({
    location: file,
    open: () => {
      if (broken) throw new Error('the disk is gone')
      return SqliteStore.open(file)
    },
    onHealth: () => {},
    clock: () => NOW,
    monotonic: () => now,
  })
  await store.saveKeys(await recordFor(ISSUER, { attempt: 3 }))
  const other = SqliteStore.open(file)
  const ahead = NOW + 10 * 31_557_600
  other.saveKeys(await recordFor(ISSUER, { fetchedAt: ahead, refreshAt: ahead + 600, expiresAt: ahead + 1000 }))
  other.close()
  broken = false
  now += 31
  expect((await store.read(ISSUER))?.keys).toMatchObject({ attempt: 3, fetchedAt: NOW })
  await store.close()
})
