import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ConfigError, UndecidedError } from '@scitokens/core'
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

/**
 * SQLite through `node:sqlite`. Transactions that arrive together share one write to the disk: each still succeeds or
 * fails by itself (a savepoint each), and none is acknowledged before the common commit.
 */
export class SqliteEngine implements SqlEngine {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #waiting: Waiting[] = []

  constructor({ file, busyTimeoutMs = 5000 }: SqliteOptions) {
    try {
      // SQLite would create the file with the process's umask, and its journals with the mode of the file.
      if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
      this.#database = new DatabaseSync(file)
      this.#database.exec(
        `PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`,
      )
    } catch (cause) {
      throw new ConfigError(`the database file cannot be opened: ${(cause as Error).message}`, { cause })
    }
  }

  async query({ sql, values }: SqlStatement): Promise<readonly SqlRow[]> {
    return this.#guard(() => this.#prepare(sql).all(...values))
  }

  atomically(statements: readonly SqlStatement[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statements, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => this.#flush())
    })
  }

  async define(statements: readonly string[]): Promise<void> {
    this.#guard(() => this.#transaction(() => statements.forEach((sql) => this.#database.exec(sql))))
  }

  async close(): Promise<void> {
    this.#flush()
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    const outcomes: boolean[] = []
    try {
      this.#guard(() =>
        this.#transaction(() => {
          for (const { statements } of batch) outcomes.push(this.#runOne(statements))
        }),
      )
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return
    }
    batch.forEach(({ resolve }, index) => resolve(outcomes[index]!))
  }

  #runOne(statements: readonly SqlStatement[]): boolean {
    this.#database.exec('SAVEPOINT one')
    const held = statements.every(({ sql, values }) => this.#prepare(sql).all(...values).length > 0)
    if (!held) this.#database.exec('ROLLBACK TO one')
    this.#database.exec('RELEASE one')
    return held
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
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

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw new UndecidedError('undecided', 'the database cannot be used just now', { reason: 'unavailable', cause })
    }
  }
}
