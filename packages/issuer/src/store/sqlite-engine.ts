import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { FileSync } from './file-sync.ts'
import type { SqlEngine, SqlRow, SqlStatement } from './sql-engine.ts'

interface Waiting {
  readonly statements: readonly SqlStatement[]
  readonly resolve: (done: boolean) => void
  readonly reject: (error: unknown) => void
}

/** Options of {@link SqliteEngine}. */
export interface SqliteOptions {
  /** Path of the database file (created 0600), or `:memory:`. */
  readonly file: string
  /** How long to wait for another process that holds the database. Default: 5000. */
  readonly busyTimeoutMs?: number
}

/** Pages of the write-ahead log before they are put into place: 16 MB. It keeps the process, so it should not come often. */
const CHECKPOINT_PAGES = 4000
/** What of the database is kept in memory. SQLite's own 2 MB are a fraction of the upper levels of a million logins. */
const CACHE_KIB = 32_768

/**
 * SQLite through `node:sqlite`. Transactions that arrive together are one to the database: each still succeeds or fails by itself (a
 * savepoint each). None is acknowledged before it is on the disk; while the disk is at it, the process serves others.
 */
export class SqliteEngine implements SqlEngine {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #log: FileSync | undefined
  #waiting: Waiting[] = []

  constructor({ file, busyTimeoutMs = 5000 }: SqliteOptions) {
    try {
      if (file !== ':memory:') createIfMissing(file)
      this.#database = new DatabaseSync(file)
      this.#database.exec(`PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}`)
      const mode = this.#database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
      this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`)
      // With a write-ahead log the only thing that FULL adds is to wait for the log after each transaction (sqlite.org/pragma.html):
      // that is done here, without keeping the process.
      this.#log = mode === 'wal' ? new FileSync(`${file}-wal`) : undefined
      this.#database.exec(`PRAGMA synchronous = ${this.#log ? 'NORMAL' : 'FULL'}`)
    } catch (cause) {
      throw new ConfigError(`the database file cannot be opened: ${(cause as Error).message}`, { cause })
    }
  }

  async query({ sql, values }: SqlStatement): Promise<readonly SqlRow[]> {
    const rows = guard(() => this.#prepare(sql).all(...values))
    if (!sql.startsWith('SELECT')) await this.#onDisk()
    return rows
  }

  atomically(statements: readonly SqlStatement[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statements, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => void this.#flush())
    })
  }

  async define(statements: readonly string[]): Promise<void> {
    guard(() => this.#transaction(() => statements.forEach((sql) => this.#database.exec(sql))))
    await this.#onDisk()
  }

  async close(): Promise<void> {
    await this.#flush()
    await this.#log?.close()
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    try {
      const outcomes: boolean[] = []
      guard(() =>
        this.#transaction(() => {
          for (const { statements } of batch) outcomes.push(this.#runOne(statements))
        }),
      )
      await this.#onDisk()
      batch.forEach(({ resolve }, index) => resolve(outcomes[index]!))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #runOne(statements: readonly SqlStatement[]): boolean {
    // One that fails changes nothing: it needs no savepoint.
    if (statements.length === 1) return this.#holds(statements[0]!)
    this.#prepare('SAVEPOINT one').run()
    const held = statements.every((statement) => this.#holds(statement))
    if (!held) this.#prepare('ROLLBACK TO one').run()
    this.#prepare('RELEASE one').run()
    return held
  }

  #holds({ sql, values }: SqlStatement): boolean {
    return this.#prepare(sql).all(...values).length > 0
  }

  #transaction(work: () => void): void {
    this.#prepare('BEGIN IMMEDIATE').run()
    try {
      work()
      this.#prepare('COMMIT').run()
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Ends when everything that was committed so far is on the disk. */
  async #onDisk(): Promise<void> {
    try {
      await this.#log?.sync()
    } catch (cause) {
      throw unavailable(cause)
    }
  }
}

/**
 * SQLite would create the file with the process's umask, and its journals with the mode of the file. One that is there is not even
 * opened: closing it again would give up the locks that another connection of this process holds (sqlite.org/howtocorrupt.html, 2.2).
 */
function createIfMissing(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function guard<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw unavailable(cause)
  }
}

function unavailable(cause: unknown): UndecidedError {
  return new UndecidedError('undecided', 'the database cannot be used just now', { reason: 'unavailable', cause })
}
