import { text, whole } from '@scitokens/core/internal'
import { SqlStore } from './sql-store.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { type StorageEngine, storageEngine } from './storage.ts'

/** SQLite, one file: nothing to install. For one process at a time that answers quickly; several on one machine may share the file. */
export interface FileStorageOptions {
  /** Path of the database, made with mode 0600 where it is missing. */
  readonly file: string
  /**
   * How long a request waits for another process that holds the database, in milliseconds; everything else goes on meanwhile.
   * Default: 5000.
   */
  readonly busyTimeoutMs?: number
}

/** SQLite in a file, its master key beside it. */
export const fileStorage: StorageEngine = storageEngine<FileStorageOptions>({
  chosenBy: 'file',
  readers: { file: text, busyTimeoutMs: whole(1, 3_600_000, 'milliseconds') },
  secrets: [],
  masterKey: ({ file }) => ({ file: `${file}.key` }),
  open: async (options, clock) => SqlStore.open(await SqliteEngine.open(options), clock),
})
