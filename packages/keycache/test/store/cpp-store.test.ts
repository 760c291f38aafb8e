import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createTestClock } from '@scitokens/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CppStore } from '../../src/store/cpp-store.ts'
import { CPP_CACHE_FILE } from '../../src/store/location.ts'
import { cacheForTest, issuerForTest } from '../fixture.ts'
import { type IssuerServer, newKey } from '../issuer-server.ts'
import { ISSUER, NOW, recordFor, testStore } from './store-contract.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keycache-'))
  file = join(directory, 'cpp', CPP_CACHE_FILE)
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('contract', () => {
  const open = (): CppStore => CppStore.open(file)
  testStore({ open, reopen: open, sharesAttempts: false, exact: false })
})

/** Writes an entry as scitokens-cpp does, by its own table and JSON. */
function writeAsCpp(issuer: string, value: unknown): void {
  CppStore.open(file).close()
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE IF NOT EXISTS keycache ( issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)')
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  database.prepare('INSERT OR REPLACE INTO keycache VALUES (?, ?)').run(issuer, text)
  database.close()
}

test('what is written has the table, the column types and the members that scitokens-cpp reads', async () => {
  const record = await recordFor(ISSUER, { refreshAt: NOW + 600.7, expiresAt: NOW + 1000.2 })
  const store = CppStore.open(file)
  store.saveKeys(record)
  store.close()
  const database = new DatabaseSync(file)
  const columns = database.prepare('PRAGMA table_info(keycache)').all()
  expect(columns.map(({ name, type, notnull, pk }) => [name, type, notnull, pk])).toEqual([
    ['issuer', 'TEXT', 1, 1],
    ['keys', 'TEXT', 1, 0],
  ])
  const row = database.prepare('SELECT * FROM keycache').get() as { issuer: string; keys: string }
  database.close()
  expect(row.issuer).toBe(ISSUER)
  // picojson reads integers only where there is no fraction.
  expect(JSON.parse(row.keys)).toEqual({ jwks: record.jwks, next_update: NOW + 600, expires: NOW + 1000 })
})

test.each([
  '{',
  'null',
  '[]',
  '{}',
  '{"jwks":{"keys":[]},"expires":1,"next_update":1}',
  '{"jwks":{"keys":[{}]},"expires":"soon"}',
])('an entry %j counts as nothing', (value) => {
  writeAsCpp(ISSUER, value)
  const store = CppStore.open(file)
  expect(store.read(ISSUER)?.keys).toBeUndefined()
  store.close()
})

test.each([
  ['its defaults', 600, 345_600, NOW],
  ['our own hour', 3600, 345_600, NOW],
  ['a short life', 600, 86_400, NOW + 86_400 - 345_600],
])('keys written with %s never seem newer than they are', (_, update, life, expected) => {
  writeAsCpp(ISSUER, { jwks: { keys: [{ kty: 'EC' }] }, next_update: NOW + update, expires: NOW + life })
  const store = CppStore.open(file)
  expect(store.read(ISSUER)?.keys?.fetchedAt).toBe(expected)
  store.close()
})

describe('as a seed', () => {
  let server: IssuerServer
  const clock = createTestClock()
  const cacheDir = (): string => join(directory, 'own')
  const entry = (overrides: object = {}): object => ({
    jwks: { keys: server.keys },
    next_update: clock() + 600,
    expires: clock() + 345_600,
    ...overrides,
  })

  beforeEach(async () => {
    server = await issuerForTest()
  })

  test('keys that scitokens-cpp pre-loaded are served without any request', async () => {
    writeAsCpp(server.issuer, entry())
    const cache = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file } })
    expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
    expect(server.requests).toEqual([])
    expect(await cache.list()).toMatchObject([{ issuer: server.issuer, age: 'fresh' }])
  })

  test('stale seeds are served and refreshed; expired ones are not served', async () => {
    writeAsCpp(server.issuer, entry({ next_update: clock() - 1000 }))
    const stale = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file } })
    expect((await stale.load(server.issuer)).keys).toHaveLength(1)
    await stale.close()
    writeAsCpp(server.issuer, entry({ next_update: clock() - 400_000, expires: clock() - 1 }))
    server.fail(500)
    const expired = cacheForTest(server, { cacheDir: join(directory, 'another'), clock, cppCache: { file } })
    await expect(expired.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  })

  test('an entry that noted a failure is not "no such key": the issuer is asked', async () => {
    writeAsCpp(server.issuer, entry({ jwks: { keys: [] } }))
    const cache = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file } })
    expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
  })

  test('usable keys of our own win: the other file cannot bring a withdrawn key back', async () => {
    const withdrawn = await newKey('withdrawn')
    const first = cacheForTest(server, { cacheDir: cacheDir(), clock })
    await first.load(server.issuer)
    await first.close()
    writeAsCpp(server.issuer, entry({ jwks: { keys: [withdrawn] }, next_update: clock() + 20_000 }))
    const second = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file } })
    expect((await second.load(server.issuer)).keys.map(({ kid }) => kid)).toEqual(['first'])
  })

  test('with write, what is fetched is there for scitokens-cpp, and what is removed is gone for both', async () => {
    const cache = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file, write: true } })
    await cache.load(server.issuer)
    const reader = CppStore.open(file, { readOnly: true })
    expect(reader.read(server.issuer)?.keys?.jwks.keys).toMatchObject([{ kid: 'first' }])
    await cache.remove(server.issuer)
    expect(reader.read(server.issuer)).toBeUndefined()
    reader.close()
  })

  test('without write, the other file is not touched, and a file that is not there is not made', async () => {
    writeAsCpp('https://other.example', entry())
    const before = statSync(file)
    const cache = cacheForTest(server, { cacheDir: cacheDir(), clock, cppCache: { file } })
    await cache.load(server.issuer)
    expect(statSync(file).mtimeMs).toBe(before.mtimeMs)
    const warnings: string[] = []
    const missing = join(directory, 'missing', CPP_CACHE_FILE)
    const another = cacheForTest(server, {
      clock,
      cppCache: { file: missing },
      warn: (message) => warnings.push(message),
    })
    await another.load(server.issuer)
    expect(statSync(join(directory, 'missing'), { throwIfNoEntry: false })).toBeUndefined()
    expect(warnings).toEqual([])
  })

  test('the file of scitokens-cpp can be the only store', async () => {
    const first = cacheForTest(server, { store: CppStore.open(file), clock })
    await first.load(server.issuer)
    await first.close()
    server.fail(500)
    const second = cacheForTest(server, { store: CppStore.open(file), clock })
    expect((await second.load(server.issuer)).keys).toHaveLength(1)
  })
})
