import { text, whole } from '@scitokens/core/internal'
import { PostgresEngine } from './postgres-engine.ts'
import { SqlStore } from './sql-store.ts'
import { type StorageEngine, storageEngine } from './storage.ts'

/** PostgreSQL, for several instances behind a balancer. Needs the package `pg` beside this one. */
export interface PostgresStorageOptions {
  /** A connection string, such as `postgres://issuer:password@db.example.org/issuer`. It is never told in errors. */
  readonly postgres: string
  /** Connections of this process at most. Default: 10. */
  readonly maxConnections?: number
}

/** PostgreSQL. Its instances share the master key, so it has to be named. */
export const postgresStorage: StorageEngine = storageEngine<PostgresStorageOptions>({
  chosenBy: 'postgres',
  readers: { postgres: text, maxConnections: whole(1, 10_000, 'connections') },
  secrets: ['postgres'],
  masterKey: () => 'named',
  open: ({ postgres, maxConnections = 10 }, clock) =>
    SqlStore.open(new PostgresEngine({ connectionString: postgres, maxConnections }), clock),
})
