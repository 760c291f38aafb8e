import type { DatabaseSync } from 'node:sqlite'

/** Marks a file as ours, in the SQLite header: "ScKc". */
const APPLICATION_ID = 0x53634b63

/** Raised when the tables change in a way that an older version would misread. */
const SCHEMA_VERSION = 1

const SCHEMA = `
  CREATE TABLE issuer (
    issuer TEXT PRIMARY KEY NOT NULL,
    jwks TEXT,
    jwks_uri TEXT,
    etag TEXT,
    last_modified TEXT,
    fetched_at REAL,
    refresh_at REAL,
    expires_at REAL,
    attempt INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    failed_at REAL,
    retry_at REAL,
    error_code TEXT,
    error_message TEXT,
    leased_until REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
`

/** Why a file is left alone. */
class ForeignFileError extends Error {}

/** Makes the tables in an empty file; refuses a file that is not ours or of a later version, without writing to it. */
export function prepareSchema(database: DatabaseSync): void {
  const version = versionOf(database)
  if (version === SCHEMA_VERSION) return
  // Two processes may open a new file at once: the second finds the tables once it has the lock.
  database.exec('BEGIN IMMEDIATE')
  try {
    if (versionOf(database) === 0) {
      database.exec(`${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** The version of the tables; 0 for an empty file. Throws {@link ForeignFileError}. */
export function versionOf(database: DatabaseSync): number {
  const application = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  if (application === APPLICATION_ID) {
    if (version > SCHEMA_VERSION) throw new ForeignFileError(`it was written by a later version (${version})`)
    return version
  }
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
  if (application !== 0 || tables > 0) throw new ForeignFileError('it is the database of another program')
  return 0
}

function pragma(database: DatabaseSync, name: string): number {
  return Number((database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[name])
}
