import { DatabaseSync } from 'node:sqlite'

/**
 * Opens an SQLite file and makes a store of it; closes it again where that fails. Who waits for a lock waits in `SafeStore`: here, the
 * event loop would wait too.
 */
export function withDatabase<T>(file: string, readOnly: boolean, make: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { timeout: 0, readOnly })
  try {
    database.exec('PRAGMA trusted_schema = OFF')
    return make(database)
  } catch (error) {
    database.close()
    throw error
  }
}
