import { MemoryStore } from '../../src/store/memory-store.ts'
import { testStore } from './store-contract.ts'

testStore({ open: () => new MemoryStore(), sharesAttempts: true, exact: true })
