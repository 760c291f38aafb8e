import { join } from 'node:path'
import { describe } from 'vitest'
import { describeStorageProgram } from './program-contract.ts'

describe('node src/main.ts', () => describeStorageProgram(join(import.meta.dirname, '..', 'src', 'main.ts')))
