import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { DatabaseTurns, isBusy } from '../../src/files/index.ts'
import { holdDatabase } from './hold-database.ts'
import { temporaryDirectory } from '../fixture.ts'

function openDatabase(): { database: DatabaseSync; file: string; insert: (text: string) => string } {
  const file = join(temporaryDirectory(), 'db')
  const database = new DatabaseSync(file, { timeout: 0 })
  onTestFinished(() => database.close())
  database.exec('create table line (text text)')
  const insert = (text: string): string => {
    database.prepare('insert into line values (?)').run(text)
    return text
  }
  return { database, file, insert }
}

test('work at a free database is done before the call returns', async () => {
  const { database, insert } = openDatabase()
  const turn = new DatabaseTurns(1000).run(() => insert('a'))
  expect(database.prepare('select text from line').all()).toEqual([{ text: 'a' }])
  expect(await turn).toBe('a')
})

test('another process that holds the lock for seconds stops nobody here, and the work is done when it lets go', async () => {
  const { database, file, insert } = openDatabase()
  const holder = await holdDatabase(file)
  const turns = new DatabaseTurns(60_000)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const done = Promise.all(['a', 'b', 'c'].map((text) => turns.run(() => insert(text))))
  await sleep(2000)
  delay.disable()
  await holder.release()
  expect(await done).toEqual(['a', 'b', 'c'])
  expect(database.prepare('select text from line').all()).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
  // Loose: with SQLite's own waiting it was as long as the lock.
  expect(delay.max / 1e6).toBeLessThan(1000)
})

test('each work has its own time; when that is over it fails with the reason, and the next one is tried', async () => {
  const { file, insert } = openDatabase()
  const holder = await holdDatabase(file)
  const turns = new DatabaseTurns(300)
  const failures = await Promise.allSettled([turns.run(() => insert('a')), turns.run(() => insert('b'))])
  expect(failures.map((outcome) => outcome.status === 'rejected' && isBusy(outcome.reason))).toEqual([true, true])
  const late = new DatabaseTurns(60_000).run(() => insert('c'))
  await holder.release()
  expect(await late).toBe('c')
})

test('a failure that is no lock is told at once, and holds nobody up', async () => {
  const { database, insert } = openDatabase()
  const turns = new DatabaseTurns(60_000)
  const wrong = turns.run(() => database.exec('no such statement'))
  const right = turns.run(() => insert('a'))
  await expect(wrong).rejects.toThrow('syntax error')
  expect(await right).toBe('a')
})

test('only a lock counts as busy', () => {
  expect([undefined, null, new Error('busy'), { code: 'ERR_SQLITE_ERROR', errcode: 1 }].map(isBusy)).toEqual(
    Array.from({ length: 4 }, () => false),
  )
  expect([5, 261, 517].map((errcode) => isBusy({ code: 'ERR_SQLITE_ERROR', errcode }))).toEqual([true, true, true])
})
