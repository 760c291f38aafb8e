import { join } from 'node:path'
import { describeStorageProgram } from '@scitokens-examples/express-storage/program-contract'
import { describe } from 'vitest'

describe('node src/main.ts', () => describeStorageProgram(join(import.meta.dirname, '..', 'src', 'main.ts')))
