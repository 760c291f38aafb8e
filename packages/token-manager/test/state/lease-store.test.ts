import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { StateDatabase } from '../../src/state/state-database.ts'
import { LeaseStore } from '../../src/state/lease-store.ts'
import { temporaryDirectory } from '../support/workspace.ts'

async function openLeases(): Promise<{ leases: LeaseStore; holder: (change: (lease: string[]) => void) => void }> {
  const directory = join(temporaryDirectory(), 'state')
  const database = await StateDatabase.open(directory)
  onTestFinished(() => database.close())
  /** Changes who holds the lease of family 1: place, process, and a random part. */
  const holder = (change: (lease: string[]) => void): void => {
    const file = new DatabaseSync(join(directory, 'leases.sqlite'))
    const parts = String(file.prepare('select lease from lease').get()!['lease']).split('|')
    change(parts)
    file.prepare('update lease set lease = ?').run(parts.join('|'))
    file.close()
  }
  return { leases: new LeaseStore(database), holder }
}

test('one has the right to speak for a login, until it is given back or its time is over', async () => {
  const { leases } = await openLeases()
  const first = leases.acquire(1, 1000, 60)!
  expect(leases.acquire(1, 1000, 60)).toBeUndefined()
  expect(leases.acquire(2, 1000, 60)).toBeDefined()
  leases.release(1, first)
  const second = leases.acquire(1, 1000, 60)
  expect(second).toBeDefined()
  leases.release(1, first) // of the one before: nothing happens
  expect(leases.acquire(1, 1059, 60)).toBeUndefined()
  expect(leases.acquire(1, 1060, 60)).toBeDefined()
})

test('a lease made by a clock that was set back since ends at once', async () => {
  const { leases } = await openLeases()
  leases.acquire(1, 10_000, 60)
  expect(leases.acquire(1, 1000, 60)).toBeDefined()
})

test('the lease of a process that was killed is free at once; that of another machine is not', async () => {
  const { leases, holder } = await openLeases()
  leases.acquire(1, 1000, 60)
  const child = spawn(process.execPath, ['--eval', 'setTimeout(() => {}, 1e6)'])
  const pid = String(child.pid!)
  holder((lease) => (lease[1] = pid))
  expect(leases.acquire(1, 1001, 60)).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(leases.acquire(1, 1002, 60)).toBeDefined()
  holder((lease) => {
    lease[0] = 'another-machine'
    lease[1] = pid
  })
  expect(leases.acquire(1, 1003, 60)).toBeUndefined()
})
