import type { DatabaseSync } from 'node:sqlite'
import type { Jwks } from '@scitokens/core'
import { type FileOptions, guardStoreFile } from './file-options.ts'
import { MemoryStore } from './memory-store.ts'
import { withDatabase } from './with-database.ts'
import type { LeaseRequest } from '../record/policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from '../record/record.ts'
import type { Lease, KeyStore } from '../record/store.ts'

/** What scitokens-cpp adds to the time of an answer for `next_update` and `expires`, in seconds, unless it is configured otherwise. */
const CPP_INTERVALS = { update: 600, expiration: 345_600 }

/** The one table of scitokens-cpp's file. */
const SCHEMA = 'CREATE TABLE IF NOT EXISTS keycache (issuer TEXT UNIQUE PRIMARY KEY NOT NULL, keys TEXT NOT NULL)'

/**
 * Keys in the file of scitokens-cpp (`scitokens_cpp.sqllite`), which XRootD and HTCondor read: `keys` is a JSON object
 * `{jwks, next_update, expires}`. The file has no room for failures and leases: those last as long as the process.
 */
export class CppStore implements KeyStore {
  /** For people: a file name, or `memory`. */
  readonly location: string
  /** Whether the file or its directory can only be read. */
  readonly readOnly: boolean
  readonly #database: DatabaseSync
  readonly #memory = new MemoryStore()

  private constructor(location: string, readOnly: boolean, database: DatabaseSync) {
    this.location = location
    this.readOnly = readOnly
    this.#database = database
  }

  /**
   * Opens the file; makes it unless `readOnly`. One that others could have written is set aside with its journals, and made anew. Throws
   * when it is of another kind, belongs to another user, or somebody else could replace its directory.
   */
  static open(file: string, options: FileOptions = {}): CppStore {
    const readOnly = guardStoreFile(file, options, { mode: 0o644, shared: true }) === 'read-only'
    return withDatabase(file, readOnly, (database) => {
      if (!readOnly) database.exec(SCHEMA)
      database.prepare('SELECT issuer, keys FROM keycache')
      return new CppStore(file, readOnly, database)
    })
  }

  /** What is known of an issuer; undefined for nothing. */
  read(issuer: string): StoredIssuer | undefined {
    const row = this.#database.prepare('SELECT issuer, keys FROM keycache WHERE issuer = ?').get(issuer)
    return row ? this.#merge(row) : this.#memory.read(issuer)
  }

  /** Everything that is known, ordered by issuer. */
  list(): StoredIssuer[] {
    const rows = this.#database.prepare('SELECT issuer, keys FROM keycache ORDER BY issuer').all()
    return rows.map((row) => this.#merge(row))
  }

  /** Judges a wish to fetch, and writes the lease down: {@link KeyStore.lease}. */
  lease(issuer: string, request: LeaseRequest): Lease {
    this.#memory.put(this.read(issuer) ?? unknownIssuer(issuer))
    return this.#memory.lease(issuer, request)
  }

  /** Keeps the result of a successful contact: {@link KeyStore.saveKeys}. */
  saveKeys(record: KeyRecord): void {
    const value = {
      jwks: record.jwks,
      next_update: Math.floor(record.refreshAt),
      expires: Math.floor(record.expiresAt),
    }
    this.#database
      .prepare('INSERT OR REPLACE INTO keycache (issuer, keys) VALUES (?, ?)')
      .run(record.issuer, JSON.stringify(value))
    this.#memory.saveKeys(record)
  }

  /** Notes a failure, and ends the lease. */
  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#memory.saveTrouble(issuer, trouble)
  }

  /** Ends the lease of an attempt that came to no end. */
  release(issuer: string): void {
    this.#memory.release(issuer)
  }

  /** Forgets everything about an issuer; tells whether there was anything. */
  remove(issuer: string): boolean {
    this.#memory.remove(issuer)
    return this.#database.prepare('DELETE FROM keycache WHERE issuer = ?').run(issuer).changes > 0
  }

  /** Closes the store: it can no longer be used. */
  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #merge(row: Record<string, unknown>): StoredIssuer {
    const issuer = String(row['issuer'])
    const stored = this.#memory.read(issuer) ?? unknownIssuer(issuer)
    const keys = readCppValue(issuer, row['keys'])
    // What this process wrote itself is known more exactly than the file can tell.
    const same = stored.keys && keys && Math.floor(stored.keys.expiresAt) === keys.expiresAt
    return { ...stored, keys: same ? stored.keys : keys }
  }
}

/** An entry without keys is scitokens-cpp's note of a failure, not a statement of the issuer's: it counts as nothing. */
function readCppValue(issuer: string, text: unknown): KeyRecord | undefined {
  let value: { jwks?: unknown; next_update?: unknown; expires?: unknown } | null
  try {
    value = JSON.parse(String(text)) as typeof value
  } catch {
    return undefined
  }
  const { jwks, next_update: refreshAt, expires: expiresAt } = value ?? {}
  const keys = (jwks as { keys?: unknown } | null | undefined)?.keys
  if (!Array.isArray(keys) || keys.length === 0) return undefined
  if (typeof refreshAt !== 'number' || typeof expiresAt !== 'number') return undefined
  const source = { jwksUri: undefined, etag: undefined, lastModified: undefined }
  // The file does not tell when the issuer answered. The earlier of two guesses: keys must not seem newer than they are.
  const fetchedAt = Math.min(refreshAt - CPP_INTERVALS.update, expiresAt - CPP_INTERVALS.expiration)
  return { issuer, jwks: jwks as Jwks, ...source, fetchedAt, refreshAt, expiresAt, attempt: 0 }
}
