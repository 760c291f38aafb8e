import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { PostgresEngine } from '../../src/store/postgres-engine.ts'
import { migrate, SCHEMA_VERSION } from '../../src/store/migrations.ts'
import type { SqlEngine } from '../../src/store/sql-engine.ts'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { emptyFile, emptyPostgres, migrationSuite } from './migration-suite.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { storeContract } from './store-contract.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop(), 60_000)

async function sqliteFile(): Promise<{ file: string; end: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-store-'))
  return { file: join(folder, 'issuer.db'), end: () => rm(folder, { recursive: true, force: true }) }
}

storeContract('SQLite', async () => {
  const { file, end } = await sqliteFile()
  return { open: async (clock) => SqlStore.open(await SqliteEngine.open({ file }), clock), end }
})

storeContract('PostgreSQL', async () => {
  const connectionString = await postgres.newDatabase()
  return { open: (clock) => SqlStore.open(new PostgresEngine({ connectionString }), clock), end: async () => {} }
})

migrationSuite('SQLite', emptyFile)
migrationSuite('PostgreSQL', async () => emptyPostgres(await postgres.newDatabase()))

// As databases do that know nothing weaker: they end transactions that meet, to be tried again.
storeContract('PostgreSQL that isolates transactions fully', async () => {
  const connectionString = `${await postgres.newDatabase()}?options=-c%20default_transaction_isolation%3Dserializable`
  return { open: (clock) => SqlStore.open(new PostgresEngine({ connectionString }), clock), end: async () => {} }
})

describe.each(['40001', '40P01'])('a transaction that the database ends with %s', (code) => {
  /** A store whose first `failures` writes end this way. */
  async function stumbling(failures: number): Promise<{ store: SqlStore; end: () => Promise<void> }> {
    const engine = new PostgresEngine({ connectionString: await postgres.newDatabase() })
    const store = await SqlStore.open(engine, () => 1_800_000_000)
    await engine.define([
      // A sequence goes on counting whatever is undone.
      'CREATE SEQUENCE stumbles',
      `CREATE FUNCTION stumble() RETURNS trigger AS $$ BEGIN
         IF nextval('stumbles') <= ${failures} THEN RAISE EXCEPTION 'try again' USING ERRCODE = '${code}'; END IF;
         RETURN NEW;
       END $$ LANGUAGE plpgsql`,
      'CREATE TRIGGER stumble BEFORE INSERT ON scitokens_entries FOR EACH ROW EXECUTE FUNCTION stumble()',
    ])
    return { store, end: () => store.close() }
  }
  const key = (id: string) => ({ realm: 'https://issuer.example', kind: 'family', id }) as const

  test('is tried again, alone and as one of several statements, and is done once', async () => {
    const { store, end } = await stumbling(4)
    expect(await store.commit([{ insert: { ...key('a'), value: 1 } }, { insert: { ...key('b'), value: 1 } }])).toBe(
      true,
    )
    expect(await store.insertIfAbsent({ ...key('c'), value: 1 })).toBe(true)
    expect((await store.list(key('').realm, 'family')).map(({ id, version }) => [id, version])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ])
    await end()
  })

  test('is given up after a while, as undecided', async () => {
    const { store, end } = await stumbling(1000)
    await expect(store.insertIfAbsent({ ...key('a'), value: 1 })).rejects.toMatchObject({ family: 'undecided' })
    await end()
  })
})

describe.each(['SQLite', 'PostgreSQL'])('migrations on %s', (name) => {
  async function engines(count: number): Promise<{ all: SqlEngine[]; end: () => Promise<void> }> {
    if (name === 'PostgreSQL') {
      const connectionString = await postgres.newDatabase()
      const all = Array.from({ length: count }, () => new PostgresEngine({ connectionString }))
      return { all, end: async () => void (await Promise.all(all.map((engine) => engine.close()))) }
    }
    const { file, end } = await sqliteFile()
    const all = await Promise.all(Array.from({ length: count }, () => SqliteEngine.open({ file })))
    return { all, end: async () => void (await Promise.all([...all.map((engine) => engine.close()), end()])) }
  }

  test('run once, however many instances start at the same time', async () => {
    const { all, end } = await engines(4)
    await Promise.all(all.map((engine) => migrate(engine)))
    const rows = await all[0]!.query({ sql: 'SELECT version FROM scitokens_schema ORDER BY version', values: [] })
    expect(rows.map((row) => Number(row['version']))).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1))
    await end()
  })
})

test('an error about the database never tells the connection string', async () => {
  const engine = new PostgresEngine({
    connectionString: 'postgres://user:the-password@127.0.0.1:1/db',
    connectTimeoutMs: 500,
  })
  const error: unknown = await engine.query({ sql: 'SELECT 1', values: [] }).catch((reason: unknown) => reason)
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('the-password')
  await engine.close()
})

test('an instance that stands still amid a transaction keeps nothing locked: the database ends it', async () => {
  const connectionString = await postgres.newDatabase()
  const still = new PostgresEngine({ connectionString, statementTimeoutMs: 200 })
  const other = new PostgresEngine({ connectionString })
  await other.define([
    'CREATE TABLE counts (id TEXT PRIMARY KEY, value BIGINT NOT NULL)',
    "INSERT INTO counts VALUES ('a', 1)",
  ])
  const increase = { sql: "UPDATE counts SET value = value + 1 WHERE id = 'a' RETURNING value", values: [] }
  const standing = {
    values: [],
    get sql() {
      // As a process does that was stopped: the database sees an open transaction, and nobody who goes on with it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
      return increase.sql
    },
  }
  await expect(still.atomically([increase, standing])).rejects.toMatchObject({ family: 'undecided' })
  expect(await other.query(increase)).toEqual([{ value: '2' }])
  await Promise.all([still.close(), other.close()])
})

describe.runIf(process.geteuid !== undefined)('a database that somebody else could have written', () => {
  async function kept(): Promise<{ folder: string; file: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'scitokens-owner-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'state', 'issuer.db')
    await mkdir(join(folder, 'state'), { mode: 0o750 })
    const engine = await SqliteEngine.open({ file })
    await engine.define(['CREATE TABLE a (b TEXT)'])
    await engine.close()
    return { folder, file }
  }

  test.each(['', '-journal', '-wal'])('is refused when it is issuer.db%s that others can write', async (suffix) => {
    const { file } = await kept()
    await writeFile(file + suffix, '', { flag: 'a' })
    await chmod(file + suffix, 0o660)
    await expect(SqliteEngine.open({ file })).rejects.toThrow(
      /can be written by others, so what stands in .* is not believed/,
    )
  })

  test.each(['state', '.'])('is refused when others can write %s, a directory on the way to it', async (name) => {
    const { folder, file } = await kept()
    await chmod(join(folder, name), 0o770)
    await expect(SqliteEngine.open({ file })).rejects.toThrow(/could be replaced by others/)
  })

  test.runIf(process.geteuid?.() === 0)(
    'is one of another account than that of its directory, when root does something by hand for the service',
    async () => {
      const { folder, file } = await kept()
      await chown(join(folder, 'state'), 64_324, 64_324)
      await chown(file, 64_324, 64_324)
      await (await SqliteEngine.open({ file })).close()
      await chown(file, 64_325, 64_325)
      await expect(SqliteEngine.open({ file })).rejects.toThrow(/belongs to another user/)
    },
  )
})
