import { join } from 'node:path'
import { crashSuite } from './crash-suite.ts'
import { PHASES } from './orders.ts'

crashSuite('SQLite', PHASES, async (folder) => ({ file: join(folder, 'issuer.db') }))
