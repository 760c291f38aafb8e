import { type Clock, ConfigError } from '@scitokens/core'
import { migrate } from './migrations.ts'
import type { SqlEngine, SqlRow, SqlStatement } from './sql-engine.ts'
import type { Change, Entry, EntryKey, EntryKind, ListQuery, NewEntry, Store } from './store.ts'

const COLUMNS = 'realm, kind, id, owner, version, value, expires_at'
const LIVE = '(expires_at IS NULL OR expires_at > ?)'

/** The store's contract in the SQL that SQLite, PostgreSQL and databases compatible with it share. */
export class SqlStore implements Store {
  readonly #engine: SqlEngine
  readonly #clock: Clock

  private constructor(engine: SqlEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Opens the store and brings its schema up to date. */
  static async open(engine: SqlEngine, clock: Clock): Promise<SqlStore> {
    await migrate(engine)
    return new SqlStore(engine, clock)
  }

  /** As {@link Store.get}. */
  async get<Value>({ realm, kind, id }: EntryKey): Promise<Entry<Value> | undefined> {
    const rows = await this.#engine.query({
      sql: `SELECT ${COLUMNS} FROM scitokens_entries WHERE realm = ? AND kind = ? AND id = ? AND ${LIVE}`,
      values: [realm, kind, id, this.#now()],
    })
    return rows[0] && readEntry(rows[0])
  }

  /** As {@link Store.list}. */
  async list<Value>(realm: string, kind: EntryKind, query: ListQuery = {}): Promise<readonly Entry<Value>[]> {
    const owned = query.owner === undefined ? '' : ' AND owner = ?'
    const rows = await this.#engine.query({
      sql: `SELECT ${COLUMNS} FROM scitokens_entries WHERE realm = ? AND kind = ?${owned} AND id > ? AND ${LIVE} ORDER BY id LIMIT ?`,
      values: [
        realm,
        kind,
        ...(query.owner === undefined ? [] : [query.owner]),
        query.after ?? '',
        this.#now(),
        query.limit ?? 1000,
      ],
    })
    return rows.map((row) => readEntry<Value>(row))
  }

  /** As {@link Store.commit}. */
  commit(changes: readonly Change[]): Promise<boolean> {
    const now = this.#now()
    return this.#engine.atomically(changes.map((change) => toStatement(change, now)))
  }

  /** As {@link Store.consume}. */
  async consume<Value>({ realm, kind, id }: EntryKey): Promise<Entry<Value> | undefined> {
    const rows = await this.#engine.query({
      sql: `DELETE FROM scitokens_entries WHERE realm = ? AND kind = ? AND id = ? AND ${LIVE} RETURNING ${COLUMNS}`,
      values: [realm, kind, id, this.#now()],
    })
    return rows[0] && readEntry(rows[0])
  }

  /** As {@link Store.insertIfAbsent}. */
  insertIfAbsent(entry: NewEntry): Promise<boolean> {
    return this.commit([{ insert: entry }])
  }

  /** As {@link Store.sweep}. */
  async sweep(limit: number): Promise<number> {
    const rows = await this.#engine.query({
      sql: `DELETE FROM scitokens_entries WHERE (realm, kind, id) IN
              (SELECT realm, kind, id FROM scitokens_entries WHERE expires_at <= ? LIMIT ?) AND expires_at <= ? RETURNING id`,
      values: [this.#now(), limit, this.#now()],
    })
    return rows.length
  }

  /** As {@link Store.close}. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  #now(): number {
    return Math.floor(this.#clock())
  }
}

function toStatement(change: Change, now: number): SqlStatement {
  if ('insert' in change) {
    const { realm, kind, id, owner, value, expiresAt } = change.insert
    return {
      sql: `INSERT INTO scitokens_entries (${COLUMNS}) VALUES (?, ?, ?, ?, 1, ?, ?)
            ON CONFLICT (realm, kind, id) DO UPDATE SET owner = excluded.owner, version = scitokens_entries.version + 1,
              value = excluded.value, expires_at = excluded.expires_at
            WHERE scitokens_entries.expires_at <= ? RETURNING id`,
      values: [realm, kind, id, owner ?? null, JSON.stringify(value), wholeSeconds(expiresAt), now],
    }
  }
  if ('replace' in change) {
    const { realm, kind, id, version } = change.replace
    // An end that stays is not written: no index changes, and the databases write a fraction of what they would.
    if (wholeSeconds(change.expiresAt) === wholeSeconds(change.replace.expiresAt)) {
      return {
        sql: `UPDATE scitokens_entries SET value = ?, version = version + 1
            WHERE realm = ? AND kind = ? AND id = ? AND version = ? AND ${LIVE} RETURNING id`,
        values: [JSON.stringify(change.value), realm, kind, id, version, now],
      }
    }
    return {
      sql: `UPDATE scitokens_entries SET value = ?, expires_at = ?, version = version + 1
            WHERE realm = ? AND kind = ? AND id = ? AND version = ? AND ${LIVE} RETURNING id`,
      values: [JSON.stringify(change.value), wholeSeconds(change.expiresAt), realm, kind, id, version, now],
    }
  }
  const { realm, kind, id } = change.remove
  return {
    sql: `DELETE FROM scitokens_entries WHERE realm = ? AND kind = ? AND id = ? AND ${LIVE} RETURNING id`,
    values: [realm, kind, id, now],
  }
}

function wholeSeconds(expiresAt: number | undefined): number | null {
  return expiresAt === undefined ? null : Math.ceil(expiresAt)
}

function readEntry<Value>(row: SqlRow): Entry<Value> {
  return {
    realm: row['realm'] as string,
    kind: row['kind'] as EntryKind,
    id: row['id'] as string,
    owner: (row['owner'] as string | null) ?? undefined,
    version: Number(row['version']),
    value: readValue(row) as Value,
    expiresAt: row['expires_at'] === null ? undefined : Number(row['expires_at']),
  }
}

function readValue({ kind, value }: SqlRow): unknown {
  try {
    return JSON.parse(value as string)
  } catch {
    // The cause would quote what is stored.
    throw new ConfigError('config_error', `an entry of the kind ${kind as string} in the database is damaged`)
  }
}
