import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PostgresEngine } from '../src/store/postgres-engine.ts'
import { migrate, SCHEMA_VERSION } from '../src/store/migrations.ts'
import type { SqlEngine } from '../src/store/sql-engine.ts'
import { SqlStore } from '../src/store/sql-store.ts'
import { SqliteEngine } from '../src/store/sqlite-engine.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
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
  return { open: (clock) => SqlStore.open(new SqliteEngine({ file }), clock), end }
})

storeContract('PostgreSQL', async () => {
  const connectionString = await postgres.newDatabase()
  return { open: (clock) => SqlStore.open(new PostgresEngine({ connectionString }), clock), end: async () => {} }
})

describe.each(['SQLite', 'PostgreSQL'])('migrations on %s', (name) => {
  async function engines(count: number): Promise<{ all: SqlEngine[]; end: () => Promise<void> }> {
    if (name === 'PostgreSQL') {
      const connectionString = await postgres.newDatabase()
      const all = Array.from({ length: count }, () => new PostgresEngine({ connectionString }))
      return { all, end: async () => void (await Promise.all(all.map((engine) => engine.close()))) }
    }
    const { file, end } = await sqliteFile()
    const all = Array.from({ length: count }, () => new SqliteEngine({ file }))
    return { all, end: async () => void (await Promise.all([...all.map((engine) => engine.close()), end()])) }
  }

  test('run once, however many instances start at the same time', async () => {
    const { all, end } = await engines(4)
    await Promise.all(all.map((engine) => migrate(engine)))
    const rows = await all[0]!.query({ sql: 'SELECT version FROM scitokens_schema ORDER BY version', values: [] })
    expect(rows.map((row) => Number(row['version']))).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1))
    await end()
  })

  test('refuse a database that a newer program wrote', async () => {
    const { all, end } = await engines(1)
    await migrate(all[0]!)
    await all[0]!.define([`INSERT INTO scitokens_schema (version) VALUES (${SCHEMA_VERSION + 1})`])
    await expect(migrate(all[0]!)).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringContaining('newer'),
    })
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
