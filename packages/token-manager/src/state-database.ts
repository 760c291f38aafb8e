import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { join } from 'node:path'
import { privateFile } from './private-file.ts'
import { attachVolatile, migrate } from './schema.ts'
import { guarded, makePrivateDirectory } from './state-directory.ts'

/** Name of the state file in its directory. */
const STATE_FILE = 'token-manager.sqlite'

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>

/**
 * The state file (0600, in a directory 0700) with its statements prepared once. Rollback journal and full synchronisation: a
 * change is on the disk before anybody is told of it.
 *
 * Every method throws `undecided` for a full or broken disk, and `config_error` for a file that is no database.
 */
export class StateDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(directory: string) {
    makePrivateDirectory(directory)
    this.#database = guarded(() => {
      const file = privateFile(join(directory, STATE_FILE))
      const database = new DatabaseSync(file, { timeout: 10_000, enableForeignKeyConstraints: true })
      // Home directories may be NFS, where WAL breaks; FULL: a rotated refresh token must survive a power loss.
      database.exec('pragma journal_mode = delete; pragma synchronous = full; pragma secure_delete = on')
      migrate(database)
      attachVolatile(database, join(directory, 'leases.sqlite'))
      return database
    })
  }

  /** Changes something; answers the number of rows that were changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return guarded(() => Number(this.#statement(sql).run(...values).changes))
  }

  /** The first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return guarded(() => this.#statement(sql).get(...values))
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return guarded(() => this.#statement(sql).all(...values))
  }

  /** Does all of it or nothing. */
  transaction<T>(work: () => T): T {
    return guarded(() => {
      this.#database.exec('begin immediate')
      try {
        const result = work()
        this.#database.exec('commit')
        return result
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('rollback')
        throw error
      }
    })
  }

  /** A number that is another one when another process, or another connection, has written since. */
  get writesOfOthers(): number {
    return Number(this.get('pragma main.data_version')!['data_version'])
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}
