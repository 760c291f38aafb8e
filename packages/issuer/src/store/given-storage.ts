import { having } from '@scitokens/core/internal'
import type { Store } from './store.ts'
import { type StorageEngine, storageEngine } from './storage.ts'

/** A store of your own. */
export interface GivenStorageOptions {
  /** The store. The issuer closes it when it closes. */
  readonly store: Store
}

/** What an application brings itself. Others may share it, so the master key has to be named. */
export const givenStorage: StorageEngine = storageEngine<GivenStorageOptions>({
  chosenBy: 'store',
  readers: { store: having<Store>('commit', 'a store') },
  secrets: [],
  masterKey: () => 'named',
  open: async ({ store }) => store,
})
