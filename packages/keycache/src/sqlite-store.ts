import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ERROR_CODES, type ErrorCode, type Jwks } from '@scitokens/core'
import { guardFile } from './file-guard.ts'
import { type ClaimRequest, judgeClaim } from './policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from './record.ts'
import { prepareSchema, versionOf } from './sqlite-schema.ts'
import { type Claim, isNewer, type KeyStore } from './store.ts'

/** How long to wait for another process's transaction, in milliseconds. They last a few; the event loop waits with us. */
const BUSY_TIMEOUT_MS = 1000

/**
 * Keeps records in one SQLite file shared by processes. Rollback journal, not WAL: home directories are often network file
 * systems, where WAL breaks. No transaction is ever open during I/O to an issuer.
 */
export class SqliteStore implements KeyStore {
  readonly location: string
  /** Whether the file or its directory can only be read. */
  readonly readOnly: boolean
  readonly #database: DatabaseSync
  readonly #select: StatementSync
  readonly #upsertKeys: StatementSync
  readonly #upsertTrouble: StatementSync
  readonly #lease: StatementSync
  readonly #release: StatementSync

  /**
   * Opens the file, or makes it (0600, in a directory 0700). Throws when it is corrupt, of another program, of a later version,
   * or somebody else could have written it; the file is then left as it is.
   */
  constructor(file: string) {
    this.location = file
    this.readOnly = guardFile(file) === 'read-only'
    this.#database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, readOnly: this.readOnly })
    try {
      if (this.readOnly) versionOf(this.#database)
      else prepareSchema(this.#database)
      this.#database.exec('PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF')
      this.#select = this.#database.prepare('SELECT * FROM issuer WHERE issuer = ?')
      this.#upsertKeys = this.#database.prepare(UPSERT_KEYS)
      this.#upsertTrouble = this.#database.prepare(UPSERT_TROUBLE)
      this.#lease = this.#database.prepare(
        'INSERT INTO issuer (issuer, leased_until) VALUES (?, ?) ON CONFLICT (issuer) DO UPDATE SET leased_until = excluded.leased_until',
      )
      this.#release = this.#database.prepare('UPDATE issuer SET leased_until = 0 WHERE issuer = ?')
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  read(issuer: string): StoredIssuer | undefined {
    const row = this.#select.get(issuer)
    return row && readRow(row as unknown as Row)
  }

  list(): StoredIssuer[] {
    const rows = this.#database.prepare('SELECT * FROM issuer ORDER BY issuer').all()
    return rows.map((row) => readRow(row as unknown as Row))
  }

  claim(issuer: string, request: ClaimRequest): Claim {
    return this.#transaction(() => {
      const stored = this.read(issuer) ?? unknownIssuer(issuer)
      const verdict = judgeClaim(stored, request)
      if (verdict === 'go') this.#lease.run(issuer, request.now + request.leaseFor)
      return { verdict, stored }
    })
  }

  saveKeys(record: KeyRecord): void {
    this.#transaction(() => {
      const stored = this.read(record.issuer)?.keys
      const keys = stored && isNewer(stored, record) ? stored : record
      this.#upsertKeys.run(
        keys.issuer,
        JSON.stringify(keys.jwks),
        keys.jwksUri ?? null,
        keys.etag ?? null,
        keys.lastModified ?? null,
        keys.fetchedAt,
        keys.refreshAt,
        keys.expiresAt,
      )
    })
  }

  saveTrouble(issuer: string, { failures, failedAt, retryAt, code, message }: Trouble): void {
    this.#upsertTrouble.run(issuer, failures, failedAt, retryAt, code, message)
  }

  release(issuer: string): void {
    this.#release.run(issuer)
  }

  remove(issuer: string): boolean {
    return this.#database.prepare('DELETE FROM issuer WHERE issuer = ?').run(issuer).changes > 0
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
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

const UPSERT_KEYS = `
  INSERT INTO issuer (issuer, jwks, jwks_uri, etag, last_modified, fetched_at, refresh_at, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (issuer) DO UPDATE SET
    jwks = excluded.jwks, jwks_uri = excluded.jwks_uri, etag = excluded.etag, last_modified = excluded.last_modified,
    fetched_at = excluded.fetched_at, refresh_at = excluded.refresh_at, expires_at = excluded.expires_at,
    failures = 0, failed_at = NULL, retry_at = NULL, error_code = NULL, error_message = NULL, leased_until = 0`

const UPSERT_TROUBLE = `
  INSERT INTO issuer (issuer, failures, failed_at, retry_at, error_code, error_message)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (issuer) DO UPDATE SET
    failures = excluded.failures, failed_at = excluded.failed_at, retry_at = excluded.retry_at,
    error_code = excluded.error_code, error_message = excluded.error_message, leased_until = 0`

interface Row {
  readonly issuer: string
  readonly jwks: string | null
  readonly jwks_uri: string | null
  readonly etag: string | null
  readonly last_modified: string | null
  readonly fetched_at: number | null
  readonly refresh_at: number | null
  readonly expires_at: number | null
  readonly failures: number
  readonly failed_at: number | null
  readonly retry_at: number | null
  readonly error_code: string | null
  readonly error_message: string | null
  readonly leased_until: number
}

function readRow(row: Row): StoredIssuer {
  return { issuer: row.issuer, keys: readKeys(row), trouble: readTrouble(row), leasedUntil: row.leased_until }
}

/** A row whose document is no JSON has no keys: it will be fetched again. */
function readKeys(row: Row): KeyRecord | undefined {
  const { jwks, fetched_at: fetchedAt, refresh_at: refreshAt, expires_at: expiresAt } = row
  if (jwks === null || fetchedAt === null || refreshAt === null || expiresAt === null) return undefined
  try {
    return {
      issuer: row.issuer,
      jwks: JSON.parse(jwks) as Jwks,
      jwksUri: row.jwks_uri ?? undefined,
      etag: row.etag ?? undefined,
      lastModified: row.last_modified ?? undefined,
      fetchedAt,
      refreshAt,
      expiresAt,
    }
  } catch {
    return undefined
  }
}

function readTrouble(row: Row): Trouble | undefined {
  const { failures, failed_at: failedAt, retry_at: retryAt, error_code: code, error_message: message } = row
  if (failedAt === null || retryAt === null) return undefined
  const known = ERROR_CODES.includes(code as ErrorCode) ? (code as ErrorCode) : 'issuer_unavailable'
  return { failures, failedAt, retryAt, code: known, message: message ?? '' }
}
