import { type FileStorageOptions, fileStorage } from './file-storage.ts'
import { type GivenStorageOptions, givenStorage } from './given-storage.ts'
import { type MemoryStorageOptions, memoryStorage } from './memory-storage.ts'
import { type PostgresStorageOptions, postgresStorage } from './postgres-storage.ts'
import type { StorageEngine } from './storage.ts'

/** Where things are kept: in an SQLite file, in memory, in PostgreSQL, or in a store of your own. */
export type StorageOptions = FileStorageOptions | MemoryStorageOptions | PostgresStorageOptions | GivenStorageOptions

/** Every storage there is. A new one is a file, a line here and a line above. */
export const STORAGE_ENGINES: readonly StorageEngine[] = [fileStorage, memoryStorage, postgresStorage, givenStorage]
