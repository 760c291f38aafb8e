import { MemoryStore } from '../src/memory-store.ts'
import { testStore } from './store-contract.ts'

testStore({ open: () => new MemoryStore(), sharesAttempts: true, exact: true })
