import { appendFileSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FileSync } from '../../src/store/file-sync.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'

test('those who come together wait for one turn of the disk, those who come during it for the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-sync-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'log')
  appendFileSync(path, 'first\n')
  const log = new FileSync(path)
  const ended: string[] = []
  const wait = (name: string): Promise<void> => log.sync().then(() => void ended.push(name))
  const together = [wait('a'), wait('b')]
  expect(log.sync()).toBe(log.sync())
  // Its turn has begun: what is written from here on may not be of it.
  await Promise.resolve()
  await Promise.resolve()
  const later = log.sync()
  await Promise.all(together)
  expect(ended).toEqual(['a', 'b'])
  await later
  await log.close()
})

test('a file that cannot be synchronised is an error for those who wait, and tried again for those after them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-sync-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'log')
  const log = new FileSync(path)
  await expect(log.sync()).rejects.toMatchObject({ code: 'ENOENT' })
  appendFileSync(path, 'now it is there\n')
  await log.sync()
  await log.close()
})

test('SQLite acknowledges a write only when its log is on the disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-sync-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'issuer.db')
  const engine = await SqliteEngine.open({ file })
  await engine.define(['CREATE TABLE numbers (number BIGINT NOT NULL)'])
  const insert = { sql: 'INSERT INTO numbers (number) VALUES (?) RETURNING number', values: [1] }
  expect(await engine.atomically([insert])).toBe(true)
  await engine.close()

  const other = await SqliteEngine.open({ file })
  expect(await other.query({ sql: 'SELECT number FROM numbers', values: [] })).toEqual([{ number: 1 }])
  // SQLite has its log open and can write to it, but nobody can wait for it any more.
  await rename(`${file}-wal`, `${file}-moved`)
  await expect(other.atomically([insert])).rejects.toMatchObject({ family: 'undecided' })
  await expect(other.query(insert)).rejects.toMatchObject({ family: 'undecided' })
  await rename(`${file}-moved`, `${file}-wal`)
  expect(await other.atomically([insert])).toBe(true)
  await other.close()
})
