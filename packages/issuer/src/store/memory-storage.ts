import { wrong } from '@scitokens/core/internal'
import { SqlStore } from './sql-store.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { type StorageEngine, storageEngine } from './storage.ts'

/** Nothing survives the process: for tests and demonstrations. */
export interface MemoryStorageOptions {
  /** Always `true`: says that everything is to be forgotten with the process. */
  readonly memory: true
}

/** SQLite in memory, with a master key that ends with the process. */
export const memoryStorage: StorageEngine = storageEngine<MemoryStorageOptions>({
  chosenBy: 'memory',
  readers: {
    memory: (value, name) => {
      if (value === true) return value
      throw wrong(name, 'true', value)
    },
  },
  secrets: [],
  masterKey: () => 'memory',
  open: async (_options, clock) => SqlStore.open(await SqliteEngine.open({ file: ':memory:' }), clock),
})
