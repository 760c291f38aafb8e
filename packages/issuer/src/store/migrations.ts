import { ConfigError } from '@scitokens/core'
import type { SqlEngine } from './sql-engine.ts'

/** A step of the schema. Released steps never change: a new one is added. */
export interface Migration {
  readonly version: number
  readonly statements: readonly string[]
}

/** All steps, in order. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      `CREATE TABLE scitokens_entries (
         realm TEXT NOT NULL,
         kind TEXT NOT NULL,
         id TEXT NOT NULL,
         owner TEXT,
         version BIGINT NOT NULL,
         value TEXT NOT NULL,
         expires_at BIGINT,
         PRIMARY KEY (realm, kind, id)
       )`,
      'CREATE INDEX scitokens_entries_owner ON scitokens_entries (realm, kind, owner, id)',
      'CREATE INDEX scitokens_entries_expiry ON scitokens_entries (expires_at)',
    ],
  },
]

/** The version of the schema that this program writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.at(-1)!.version

const ATTEMPTS = 5

/**
 * Brings the database to {@link SCHEMA_VERSION}, whatever earlier version it has. Several instances may start at once.
 * Throws `config_error` for a database that a newer program wrote.
 *
 * @param migrations - the steps that the program knows. Default: {@link MIGRATIONS}.
 */
export async function migrate(engine: SqlEngine, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each attempt needs the outcome of the one before
      await migrateOnce(engine, migrations)
      return
    } catch (error) {
      // Another instance may have defined the same tables in between: look again.
      if (error instanceof ConfigError || attempt === ATTEMPTS) throw error
    }
  }
}

async function migrateOnce(engine: SqlEngine, migrations: readonly Migration[]): Promise<void> {
  const newest = migrations.at(-1)!.version
  await engine.define(['CREATE TABLE IF NOT EXISTS scitokens_schema (version BIGINT NOT NULL PRIMARY KEY)'])
  const rows = await engine.query({ sql: 'SELECT version FROM scitokens_schema', values: [] })
  const present = Math.max(0, ...rows.map((row) => Number(row['version'])))
  if (present > newest) {
    throw new ConfigError(
      'config_error',
      `the database has schema ${present}, this program knows ${newest}: use the newer program`,
    )
  }
  for (const { version, statements } of migrations.filter((step) => step.version > present)) {
    // The version's row comes first: whoever is second waits there, fails, and looks again.
    // oxlint-disable-next-line no-await-in-loop -- in order
    await engine.define([`INSERT INTO scitokens_schema (version) VALUES (${version})`, ...statements])
  }
}
