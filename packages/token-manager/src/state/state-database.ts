import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { ConfigError } from '@scitokens/core'
import { databaseInOtherHands, DatabaseTurns, guardDatabase, makePrivateDirectory } from '@scitokens/host/files'
import { attachVolatile, migrate } from './schema.ts'
import { asStateError } from './state-error.ts'

/** Name of the state file in its directory. */
const STATE_FILE = 'token-manager.sqlite'

/** How long other processes are waited for that have locked the state, in milliseconds. */
const WAIT_MS = 10_000

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>

/**
 * The state file (0600, in a directory 0700) with its statements prepared once. Rollback journal and full synchronisation: a
 * change is on the disk before anybody is told of it.
 *
 * What reads or changes it is done inside {@link work}, since other processes may have locked it.
 */
export class StateDatabase {
  readonly #database: DatabaseSync
  readonly #turns: DatabaseTurns
  readonly #statements = new Map<string, StatementSync>()

  private constructor(database: DatabaseSync, turns: DatabaseTurns) {
    this.#database = database
    this.#turns = turns
  }

  /**
   * Opens the state, or makes it. Throws `config_error` for a file that is no database, for a directory or file that others could have written,
   * and `undecided` for a full or broken disk, or when another process holds it all the time.
   */
  static async open(directory: string): Promise<StateDatabase> {
    makePrivateDirectory(directory, 'the state directory')
    const turns = new DatabaseTurns(WAIT_MS)
    try {
      return new StateDatabase(await turns.run(() => openOnce(directory)), turns)
    } catch (error) {
      throw asStateError(error)
    }
  }

  /**
   * Does a piece of work, all of it or nothing, while no other process changes anything. When others have locked the state, it is done once
   * they let go: they are waited for, and this process serves others meanwhile.
   *
   * Throws what the work throws; `undecided` for a full or broken disk or a lock that lasts, `config_error` for a damaged file.
   *
   * @param work - may be called again when others were in the way: whatever it did in the database is undone before. It does nothing else.
   */
  async work<T>(work: () => T): Promise<T> {
    try {
      return await this.#turns.run(() => this.#inTransaction(work))
    } catch (error) {
      throw asStateError(error)
    }
  }

  /** Changes something; answers the number of rows that were changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** The first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  /** A number that is another one when another process, or another connection, has written since. */
  get writesOfOthers(): number {
    return Number(this.get('pragma main.data_version')!['data_version'])
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #inTransaction<T>(work: () => T): T {
    this.#database.exec('begin')
    try {
      const result = work()
      this.#database.exec('commit')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      throw error
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

function openOnce(directory: string): DatabaseSync {
  const file = join(directory, STATE_FILE)
  checkPrivate(file)
  guardDatabase(file)
  const database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true })
  try {
    // Home directories may be NFS, where WAL breaks; FULL: a rotated refresh token must survive a power loss.
    database.exec('pragma journal_mode = delete; pragma synchronous = full; pragma secure_delete = on')
    migrate(database)
    attachVolatile(database, join(directory, 'leases.sqlite'))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Refuses a state that somebody else could have written, itself or a journal of it, be it that its modes were put right since: who wrote
 * it would choose where credentials are sent. Throws `config_error`.
 */
function checkPrivate(file: string): void {
  const doubt = databaseInOtherHands(file)
  if (doubt === undefined) return
  throw new ConfigError(
    'config_error',
    `${doubt}, so what stands in ${file} is not believed: move it away with its journals, and log in again`,
  )
}
