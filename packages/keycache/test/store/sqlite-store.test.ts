import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteStore } from '../../src/store/sqlite-store.ts'
import { ISSUER, recordFor, testStore, TROUBLE } from './store-contract.ts'

let file: string
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keycache-'))
  file = join(directory, 'cache', 'keys.sqlite')
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('contract', () => {
  const open = (): SqliteStore => SqliteStore.open(file)
  testStore({ open, reopen: open, sharesAttempts: true, exact: true })
})

/** Changes a file as no store would. */
function tamper(sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

test('the directory is made 0700 and the file 0600', () => {
  SqliteStore.open(file).close()
  if (process.platform === 'win32') return
  expect(statSync(join(directory, 'cache')).mode & 0o777).toBe(0o700)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('the journal is a rollback journal: write-ahead logs break on network file systems', async () => {
  const store = SqliteStore.open(file)
  store.saveKeys(await recordFor(ISSUER))
  store.close()
  const database = new DatabaseSync(file)
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' })
  database.close()
})

test('a file that is no database is refused and left as it was', () => {
  SqliteStore.open(file).close()
  writeFileSync(file, 'my thesis, only copy\n'.repeat(1000))
  expect(() => SqliteStore.open(file)).toThrow(/not a database/)
  expect(statSync(file).size).toBe(21_000)
})

test('the database of another program is refused and left as it was', () => {
  SqliteStore.open(file).close()
  rmSync(file)
  tamper('CREATE TABLE bookmarks (url TEXT)')
  expect(() => SqliteStore.open(file)).toThrow('it is the database of another program')
  const database = new DatabaseSync(file)
  expect(database.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'bookmarks' }])
  database.close()
})

test('a file of a later version is refused and left as it was', () => {
  SqliteStore.open(file).close()
  tamper('PRAGMA user_version = 2')
  expect(() => SqliteStore.open(file)).toThrow('it was written by a later version (2)')
})

test('a damaged row is no row; the others serve', async () => {
  const store = SqliteStore.open(file)
  for (const issuer of ['https://a.example', 'https://b.example']) {
    // oxlint-disable-next-line no-await-in-loop -- two of them
    store.saveKeys(await recordFor(issuer))
  }
  tamper("UPDATE issuer SET jwks = '{' WHERE issuer = 'https://a.example'")
  expect(store.read('https://a.example')?.keys).toBeUndefined()
  expect(store.read('https://b.example')?.keys).toBeDefined()
  store.close()
})

test('an error code that nobody knows is read as unavailable', () => {
  const store = SqliteStore.open(file)
  store.saveTrouble(ISSUER, TROUBLE)
  tamper("UPDATE issuer SET error_code = 'be_merry'")
  expect(store.read(ISSUER)?.trouble?.code).toBe('issuer_unavailable')
  store.close()
})

test('a file opened to be read only is not changed', async () => {
  const writer = SqliteStore.open(file)
  writer.saveKeys(await recordFor(ISSUER))
  writer.close()
  const reader = SqliteStore.open(file, { readOnly: true })
  expect(reader.read(ISSUER)?.keys).toBeDefined()
  expect(() => reader.saveTrouble(ISSUER, TROUBLE)).toThrow()
  expect(() => reader.remove(ISSUER)).toThrow(/readonly/)
  reader.close()
})
