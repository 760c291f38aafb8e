import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type FileOptions, guardStoreFile } from './file-options.ts'
import { type LeaseRequest, judgeLease } from '../record/policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from '../record/record.ts'
import { withDatabase } from './with-database.ts'
import { COLUMNS, readRow, type Row, rowOf } from './sqlite-row.ts'
import { prepareSchema, versionOf } from './sqlite-schema.ts'
import { type Lease, leased, type KeyStore, withKeys } from '../record/store.ts'

/**
 * Keeps records in one SQLite file shared by processes. Rollback journal, not WAL: home directories are often network file
 * systems, where WAL breaks. No transaction is ever open while an issuer is asked. While another process has locked the file, each call
 * fails at once, with SQLite's error.
 */
export class SqliteStore implements KeyStore {
  /** For people: a file name, or `memory`. */
  readonly location: string
  /** Whether the file or its directory can only be read. */
  readonly readOnly: boolean
  readonly #database: DatabaseSync
  readonly #select: StatementSync
  readonly #write: StatementSync | undefined

  private constructor(location: string, readOnly: boolean, database: DatabaseSync) {
    this.location = location
    this.readOnly = readOnly
    this.#database = database
    this.#select = database.prepare('SELECT * FROM issuer WHERE issuer = ?')
    if (readOnly) return
    const values = COLUMNS.map(() => '?').join(', ')
    this.#write = database.prepare(`INSERT OR REPLACE INTO issuer (${COLUMNS.join(', ')}) VALUES (${values})`)
  }

  /**
   * Opens the file, or makes it (0600, in a directory 0700). One that somebody else could have written is set aside with its journals, and made
   * anew. Throws when it is corrupt, of another program or of a later version, and then leaves it as it is; and when somebody else could
   * replace its directory.
   */
  static open(file: string, options: FileOptions = {}): SqliteStore {
    const readOnly = guardStoreFile(file, options) === 'read-only'
    return withDatabase(file, readOnly, (database) => {
      if (readOnly) versionOf(database)
      else prepareSchema(database)
      return new SqliteStore(file, readOnly, database)
    })
  }

  /** What is known of an issuer; undefined for nothing. */
  read(issuer: string): StoredIssuer | undefined {
    const row = this.#select.get(issuer)
    return row && readRow(row as unknown as Row)
  }

  /** Everything that is known, ordered by issuer. */
  list(): StoredIssuer[] {
    const rows = this.#database.prepare('SELECT * FROM issuer ORDER BY issuer').all()
    return rows.map((row) => readRow(row as unknown as Row))
  }

  /** Judges a wish to fetch, and writes the lease down: {@link KeyStore.lease}. */
  lease(issuer: string, request: LeaseRequest): Lease {
    return this.#transaction(() => {
      const before = this.#get(issuer)
      const verdict = judgeLease(before, request)
      const stored = verdict === 'go' ? leased(before, request) : before
      if (verdict === 'go') this.#put(stored)
      return { verdict, stored }
    })
  }

  /** Keeps the result of a successful contact: {@link KeyStore.saveKeys}. */
  saveKeys(record: KeyRecord): void {
    this.#transaction(() => this.#put(withKeys(this.#get(record.issuer), record)))
  }

  /** Notes a failure, and ends the lease. */
  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#transaction(() => this.#put({ ...this.#get(issuer), trouble, leasedUntil: 0 }))
  }

  /** Ends the lease of an attempt that came to no end. */
  release(issuer: string): void {
    this.#database.prepare('UPDATE issuer SET leased_until = 0 WHERE issuer = ?').run(issuer)
  }

  /** Forgets everything about an issuer; tells whether there was anything. */
  remove(issuer: string): boolean {
    return this.#database.prepare('DELETE FROM issuer WHERE issuer = ?').run(issuer).changes > 0
  }

  /** Closes the store: it can no longer be used. */
  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #get(issuer: string): StoredIssuer {
    return this.read(issuer) ?? unknownIssuer(issuer)
  }

  #put(stored: StoredIssuer): void {
    const row = rowOf(stored)
    this.#write!.run(...COLUMNS.map((column): SQLInputValue => row[column]))
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite may have rolled back by itself (disk full, I/O error).
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
