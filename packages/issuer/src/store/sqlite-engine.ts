import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ConfigError, SciTokenError, UndecidedError } from '@scitokens/core'
import { DatabaseTurns, isBusy } from '@scitokens/host/files'
import { checkDatabaseFile } from './database-file.ts'
import { FileSync } from './file-sync.ts'
import type { SqlEngine, SqlRow, SqlStatement } from './sql-engine.ts'

interface Waiting {
  readonly statements: readonly SqlStatement[]
  readonly resolve: (done: boolean) => void
  readonly reject: (error: unknown) => void
  /** How long others are waited for, on `performance.now`'s clock. */
  readonly until: number
}

/** Options of {@link SqliteEngine}. */
export interface SqliteOptions {
  /** Path of the database file (created 0600), or `:memory:`. */
  readonly file: string
  /** How long to wait for another process that holds the database; this one goes on meanwhile. Default: 5000. */
  readonly busyTimeoutMs?: number
}

/** Pages of the write-ahead log before they are put into place: 16 MB. It keeps the process, so it should not come often. */
const CHECKPOINT_PAGES = 4000
/** What of the database is kept in memory. SQLite's own 2 MB are a fraction of the upper levels of a million logins. */
const CACHE_KIB = 32_768

/**
 * SQLite through `node:sqlite`. Transactions that arrive together are one to the database: each still succeeds or fails by itself (a
 * savepoint each). None is acknowledged before it is on the disk; while the disk is at it, or another process holds the database, the
 * process serves others.
 */
export class SqliteEngine implements SqlEngine {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #file: string
  readonly #waitMs: number
  readonly #turns: DatabaseTurns
  #log: FileSync | undefined
  #isSetUp = false
  #waiting: Waiting[] = []

  private constructor(database: DatabaseSync, file: string, waitMs: number) {
    this.#database = database
    this.#file = file
    this.#waitMs = waitMs
    this.#turns = new DatabaseTurns(waitMs)
  }

  /**
   * Opens the file, or makes it. Rejects with `config_error` for a file that is no database or cannot be opened, and for one that somebody
   * else could have written.
   */
  static async open({ file, busyTimeoutMs = 5000 }: SqliteOptions): Promise<SqliteEngine> {
    let engine: SqliteEngine
    try {
      if (file !== ':memory:') {
        checkDatabaseFile(file)
        createIfMissing(file)
      }
      // Who waits for a lock waits for a turn: SQLite itself would keep the process.
      engine = new SqliteEngine(new DatabaseSync(file, { timeout: 0 }), file, busyTimeoutMs)
    } catch (cause) {
      throw cannotOpen(cause)
    }
    try {
      engine.#setUp()
    } catch (cause) {
      // Another process holds it: done before the first work.
      if (!isBusy(cause)) throw cannotOpen(cause)
    }
    return engine
  }

  /** Runs one statement, and gives its rows. */
  async query({ sql, values }: SqlStatement): Promise<readonly SqlRow[]> {
    const rows = await this.#soon(() => this.#prepare(sql).all(...values))
    if (!sql.startsWith('SELECT')) await this.#onDisk()
    return rows
  }

  /** Runs all statements as one transaction; false, and nothing done, where one of them changed nothing. */
  atomically(statements: readonly SqlStatement[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statements, resolve, reject, until: performance.now() + this.#waitMs })
      if (this.#waiting.length === 1) this.#flushSoon()
    })
  }

  /** Runs statements that define tables, as one transaction. */
  async define(statements: readonly string[]): Promise<void> {
    await this.#soon(() => this.#transaction(() => statements.forEach((sql) => this.#database.exec(sql))))
    await this.#onDisk()
  }

  /** Ends what is under way, and closes the file. */
  async close(): Promise<void> {
    while (this.#waiting.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- who came later may have time left
      await this.#flush()
    }
    await this.#turns.run(() => {})
    await this.#log?.close()
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #flushSoon(): void {
    setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    let done: { readonly batch: readonly Waiting[]; readonly outcomes: readonly boolean[] }
    try {
      done = await this.#turns.run(() => this.#commitWaiting())
    } catch (error) {
      this.#giveUp(error)
      return
    }
    const { batch, outcomes } = done
    try {
      await this.#onDisk()
      batch.forEach(({ resolve }, index) => resolve(outcomes[index]!))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  /** Does in one transaction all that waits; also what came while another process held the database. */
  #commitWaiting(): { readonly batch: readonly Waiting[]; readonly outcomes: readonly boolean[] } {
    const batch = this.#waiting
    this.#setUp()
    const outcomes: boolean[] = []
    if (batch.length > 0) {
      this.#transaction(() => {
        for (const { statements } of batch) outcomes.push(this.#runOne(statements))
      })
    }
    this.#waiting = []
    return { batch, outcomes }
  }

  #giveUp(error: unknown): void {
    const now = performance.now()
    // Who came while another process held the database has time left.
    const isOver = ({ until }: Waiting): boolean => !isBusy(error) || until <= now
    const over = this.#waiting.filter(isOver)
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting))
    for (const { reject } of over) reject(unavailable(error))
    if (this.#waiting.length > 0) this.#flushSoon()
  }

  /** At once if that is possible: what only reads a write-ahead log needs to wait for nobody. */
  async #soon<T>(work: () => T): Promise<T> {
    const attempt = (): T => {
      this.#setUp()
      return work()
    }
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw unavailable(error)
    }
    try {
      return await this.#turns.run(attempt)
    } catch (error) {
      throw unavailable(error)
    }
  }

  #setUp(): void {
    if (this.#isSetUp) return
    const mode = this.#database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`)
    // With a write-ahead log the only thing that FULL adds is to wait for the log after each transaction (sqlite.org/pragma.html):
    // that is done here, without keeping the process.
    this.#log = mode === 'wal' ? new FileSync(`${this.#file}-wal`) : undefined
    this.#database.exec(`PRAGMA synchronous = ${this.#log ? 'NORMAL' : 'FULL'}`)
    this.#isSetUp = true
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

function cannotOpen(cause: unknown): ConfigError {
  if (cause instanceof ConfigError) return cause
  return new ConfigError('config_error', `the database file cannot be opened: ${(cause as Error).message}`, { cause })
}

function unavailable(cause: unknown): SciTokenError {
  if (cause instanceof SciTokenError) return cause
  return new UndecidedError('undecided', 'the database cannot be used just now', { reason: 'unavailable', cause })
}
