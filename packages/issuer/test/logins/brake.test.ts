import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { StorageOptions } from '../../src/store/storages.ts'
import { brakeSuite, CLIENTS } from './brake-suite.ts'
import { type Harness, startIssuerForPeople } from '../support/harness.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop(), 60_000)

async function two(storage: StorageOptions): Promise<readonly [Harness, Harness]> {
  const more = { storage, masterKey: { value: new Uint8Array(32).fill(9) } }
  const one = await startIssuerForPeople({ clients: CLIENTS }, more)
  return [one, await startIssuerForPeople({ clients: CLIENTS }, more)]
}

brakeSuite('one SQLite file, opened twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-brake-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return two({ file: join(folder, 'issuer.db') })
})

brakeSuite('one PostgreSQL', async () => two({ postgres: await postgres.newDatabase() }))
