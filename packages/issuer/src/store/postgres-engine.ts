import { ConfigError, SciTokenError, UndecidedError } from '@scitokens/core'
import { backOff, sleep } from '@scitokens/core/internal'
import type { Pool, PoolClient, QueryConfig } from 'pg'
import type { SqlEngine, SqlRow, SqlStatement } from './sql-engine.ts'

/** Options of {@link PostgresEngine}. */
export interface PostgresOptions {
  /** `postgres://user:password@host/database`. Never told in errors. */
  readonly connectionString: string
  /** Default: 10. */
  readonly maxConnections?: number
  /** How long to wait for a connection. Default: 5000. */
  readonly connectTimeoutMs?: number
  /** How long a statement may take at the server. Default: 10 000. */
  readonly statementTimeoutMs?: number
  /** How long to wait for an answer; after it the connection counts as dead. Default: the statement's time and 2000 more. */
  readonly queryTimeoutMs?: number
}

/** Serialization failure and deadlock: the transaction is to be tried again (PostgreSQL appendix A, class 40). */
const RETRY = new Set(['40001', '40P01'])
const MAX_ATTEMPTS = 10
/** Waits between two tries, in milliseconds. */
const RETRY_MS = { first: 2, longest: 1024 }

/**
 * PostgreSQL, and databases that speak its protocol and SQL: nothing but plain tables, no advisory locks, no LISTEN, and whatever a
 * distributed database wants tried again is tried again.
 */
export class PostgresEngine implements SqlEngine {
  readonly #options: PostgresOptions
  #opened: Promise<OpenPool> | undefined

  /** Connects with the first statement. That throws `config_error` where the package `pg` is not installed. */
  constructor(options: PostgresOptions) {
    this.#options = options
  }

  query(statement: SqlStatement): Promise<readonly SqlRow[]> {
    return guard(() =>
      retried(async () => {
        const { pool } = await this.#open()
        return (await pool.query(toPostgres(statement))).rows as SqlRow[]
      }),
    )
  }

  atomically(statements: readonly SqlStatement[]): Promise<boolean> {
    // One statement is a transaction by itself: one journey instead of three.
    if (statements.length === 1) return this.query(statements[0]!).then((rows) => rows.length > 0)
    return guard(() => retried(() => this.#transaction((client) => everyHolds(client, statements))))
  }

  define(statements: readonly string[]): Promise<void> {
    return guard(async () => {
      await this.#transaction(async (client) => {
        // oxlint-disable-next-line no-await-in-loop -- in order
        for (const sql of statements) await client.query(sql)
        return true
      })
    })
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined)
    if (opened && !opened.pool.ended) await opened.pool.end()
  }

  #open(): Promise<OpenPool> {
    return (this.#opened ??= openPool(this.#options))
  }

  async #transaction(work: (client: PoolClient) => Promise<boolean>): Promise<boolean> {
    const { pool, DatabaseError } = await this.#open()
    const client = await pool.connect()
    let broken: Error | undefined
    // A connection that breaks while it is lent out tells its listeners as well as the query; without one the process would end.
    const ignore = (): void => {}
    client.on('error', ignore)
    try {
      await client.query('BEGIN')
      const held = await work(client)
      await client.query(held ? 'COMMIT' : 'ROLLBACK')
      return held
    } catch (error) {
      broken = await rollBack(client, error as Error, DatabaseError)
      throw error
    } finally {
      client.off('error', ignore)
      client.release(broken)
    }
  }
}

/** Connections, and how an answer of the server that says no is told from one that never came. */
interface OpenPool {
  readonly pool: Pool
  readonly DatabaseError: typeof import('pg').DatabaseError
}

async function openPool(options: PostgresOptions): Promise<OpenPool> {
  const { statementTimeoutMs = 10_000 } = options
  const { DatabaseError, Pool } = await loadDriver()
  const pool = new Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
    statement_timeout: statementTimeoutMs,
    // An instance that vanished amid a transaction, with its machine, keeps no row locked until the network finds out.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // The server's own limit is of no use when the server, or the way to it, is silent.
    query_timeout: options.queryTimeoutMs ?? statementTimeoutMs + 2000,
    keepAlive: true,
    application_name: 'scitokens-issuer',
  })
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {})
  return { pool, DatabaseError }
}

/** The driver is an optional peer: who keeps things in SQLite installs nothing. */
async function loadDriver(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new ConfigError(
      'config_error',
      'storage.postgres: the package pg is not installed beside this one: npm install pg',
      {
        cause,
      },
    )
  }
}

/** What makes the connection useless, if anything does. */
function rollBack(
  client: PoolClient,
  error: Error,
  DatabaseError: OpenPool['DatabaseError'],
): Promise<Error | undefined> {
  // No answer of the server: nothing more is asked of this connection, and without it the server undoes what was begun.
  if (!(error instanceof DatabaseError)) return Promise.resolve(error)
  return client.query('ROLLBACK').then(
    () => undefined,
    (failure: Error) => failure,
  )
}

async function everyHolds(client: PoolClient, statements: readonly SqlStatement[]): Promise<boolean> {
  for (const statement of statements) {
    // oxlint-disable-next-line no-await-in-loop -- in order, and the first that does not hold ends it
    const { rows } = await client.query(toPostgres(statement))
    if (rows.length === 0) return false
  }
  return true
}

const NUMBERED = new Map<string, { name: string; text: string }>()

/** `?` becomes `$1`; each text is prepared once per connection. */
function toPostgres({ sql, values }: SqlStatement): QueryConfig {
  let prepared = NUMBERED.get(sql)
  if (!prepared) {
    let number = 0
    prepared = { name: `scitokens_${NUMBERED.size}`, text: sql.replaceAll('?', () => `$${++number}`) }
    NUMBERED.set(sql, prepared)
  }
  return { ...prepared, values: [...values] }
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each attempt needs the outcome of the one before
      return await work()
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !RETRY.has((error as { code?: string }).code ?? '')) throw error
      // oxlint-disable-next-line no-await-in-loop -- growing and random, so that rivals part
      await sleep(backOff(attempt, RETRY_MS))
    }
  }
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SciTokenError) throw error
    // The cause's own text may quote the connection string.
    const code = (error as { code?: string }).code
    throw new UndecidedError(
      'undecided',
      `the database cannot be used just now${code === undefined ? '' : ` (${code})`}`,
      {
        reason: 'unavailable',
      },
    )
  }
}
