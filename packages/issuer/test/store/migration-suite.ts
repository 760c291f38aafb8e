import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { StorageOptions } from '../../src/store/storages.ts'
import { type Migration, MIGRATIONS, migrate, SCHEMA_VERSION } from '../../src/store/migrations.ts'
import { PostgresEngine } from '../../src/store/postgres-engine.ts'
import type { SqlEngine } from '../../src/store/sql-engine.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { APP, basic, SECRET, startIssuerForPeople } from '../support/harness.ts'

/** The statements of a frozen database. */
async function frozen(version: number): Promise<string[]> {
  const text = await readFile(new URL(`fixtures/schema-${version}.sql`, import.meta.url), 'utf8')
  return text
    .replaceAll(/^--.*\n/gm, '')
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '')
}

interface Tokens {
  readonly revoked: string
  readonly access: string
  readonly refresh: string
}

/** A table that every later step of these tests shows. */
const next = SCHEMA_VERSION + 1
const ADDED: Migration = {
  version: next,
  statements: [
    'ALTER TABLE scitokens_entries ADD COLUMN note TEXT',
    "UPDATE scitokens_entries SET note = 'was here before' WHERE kind = 'family'",
  ],
}
const BROKEN: Migration = {
  version: next + 1,
  statements: ['ALTER TABLE scitokens_entries ADD COLUMN further TEXT', 'UPDATE no_such_table SET x = 1'],
}

/** A place for a database that the test fills. */
export interface EmptyDatabase {
  readonly storage: StorageOptions
  readonly open: () => SqlEngine | Promise<SqlEngine>
  readonly end: () => Promise<void>
}

/** An empty SQLite file. */
export async function emptyFile(): Promise<EmptyDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-migrations-'))
  const file = join(folder, 'issuer.db')
  const end = (): Promise<void> => rm(folder, { recursive: true, force: true })
  return { storage: { file }, open: () => SqliteEngine.open({ file }), end }
}

/** An empty PostgreSQL database. */
export async function emptyPostgres(connectionString: string): Promise<EmptyDatabase> {
  const open = (): SqlEngine => new PostgresEngine({ connectionString })
  return { storage: { postgres: connectionString }, open, end: async () => {} }
}

/** That every database which an earlier program left is brought forward. */
export function migrationSuite(name: string, begin: () => Promise<EmptyDatabase>): void {
  describe(`migrations on ${name}`, () => {
    let storage: StorageOptions
    let open: EmptyDatabase['open']
    let engine: SqlEngine
    const released = Array.from({ length: SCHEMA_VERSION }, (_v, index) => index + 1)
    beforeEach(async () => {
      const database = await begin()
      ;({ storage, open } = database)
      engine = await open()
      return async () => {
        await engine.close()
        await database.end()
      }
    })

    const versions = async (): Promise<number[]> =>
      (await engine.query({ sql: 'SELECT version FROM scitokens_schema ORDER BY version', values: [] })).map((row) =>
        Number(row['version']),
      )
    const notes = async (): Promise<unknown[]> =>
      (await engine.query({ sql: "SELECT note FROM scitokens_entries WHERE kind = 'family'", values: [] })).map(
        (row) => row['note'],
      )

    test.each(released)(
      'what release %s of the schema left is served on: keys, logins, revocations',
      async (version) => {
        await engine.define(await frozen(version))
        const tokens = JSON.parse(
          await readFile(new URL(`fixtures/schema-${version}.json`, import.meta.url), 'utf8'),
        ) as Tokens
        const harness = await startIssuerForPeople(
          { clients: [APP] },
          { storage, masterKey: { value: new Uint8Array(32).fill(5) } },
        )
        expect(await versions()).toEqual(released)
        expect(await harness.claims(tokens.access)).toMatchObject({ sub: 'ana' })
        const known = async (token: string) => (await harness.post('/introspect', { token }, basic('app', SECRET))).body
        expect(await known(tokens.access)).toMatchObject({ active: true })
        expect(await known(tokens.revoked)).toEqual({ active: false })
        const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh }
        expect(await harness.token(form, basic('app', SECRET))).toMatchObject({
          status: 200,
          body: { scope: 'read:/store' },
        })
      },
    )

    test('released steps are what they were', async () => {
      const [first] = MIGRATIONS
      const plain = (sql: string): string => sql.replaceAll(/\s+/g, ' ').replaceAll(/\( /g, '(').replaceAll(/ \)/g, ')')
      const tables = (await frozen(1)).filter((sql) => sql.startsWith('CREATE') && !sql.includes('scitokens_schema'))
      expect(first!.statements.map(plain)).toEqual(tables.map(plain))
    })

    test('a further step runs once, on old data too, however many instances start at the same time', async () => {
      await engine.define(await frozen(1))
      const others = await Promise.all([open(), open(), open()])
      await Promise.all([engine, ...others].map((each) => migrate(each, [...MIGRATIONS, ADDED])))
      await Promise.all(others.map((each) => each.close()))
      expect(await versions()).toEqual([...released, next])
      expect(await notes()).toEqual(['was here before', 'was here before'])
      await migrate(engine, [...MIGRATIONS, ADDED])
      expect(await versions()).toEqual([...released, next])
    })

    test('a step that fails leaves nothing of itself, and what came before it stays', async () => {
      await engine.define(await frozen(1))
      await expect(migrate(engine, [...MIGRATIONS, ADDED, BROKEN])).rejects.toMatchObject({ family: 'undecided' })
      expect(await versions()).toEqual([...released, next])
      expect(await notes()).toEqual(['was here before', 'was here before'])
      await expect(engine.query({ sql: 'SELECT further FROM scitokens_entries', values: [] })).rejects.toThrow()
    })

    test('a database that a newer program wrote is refused, and not touched', async () => {
      await migrate(engine, [...MIGRATIONS, ADDED])
      await expect(migrate(engine)).rejects.toMatchObject({
        code: 'config_error',
        message: expect.stringContaining('use the newer program'),
      })
    })
  })
}
