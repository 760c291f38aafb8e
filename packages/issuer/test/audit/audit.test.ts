import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditEvent, FileAudit } from '@scitokens/issuer'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scitokens-audit-'))
  path = join(folder, 'audit.jsonl')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const event = (jti: string): AuditEvent => ({ time: 1, event: 'token_issued', issuer: 'https://issuer.example', jti })
const lines = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).split('\n')

test.each([false, true])('a line is in the file when its write has ended (waiting for the disk: %s)', async (sync) => {
  const audit = await FileAudit.open(path, { sync })
  const all = Array.from({ length: 20 }, (_, index) => audit.write(event(String(index))))
  await all[3]
  const jtis = (await lines(path)).slice(0, -1).map((line) => (JSON.parse(line) as AuditEvent).jti)
  expect(jtis).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
  await Promise.all(all.map(async (write) => write))
  await audit.close()
})

test('a line that the end of a process tore stands alone, and the next one is whole', async () => {
  await writeFile(path, '{"time":1}\n{"time":2,"eve')
  const audit = await FileAudit.open(path)
  await audit.write(event('a'))
  await audit.write(event('b'))
  await audit.close()
  const [first, torn, a, b] = await lines(path)
  expect([first, torn]).toEqual(['{"time":1}', '{"time":2,"eve'])
  expect([a, b].map((line) => (JSON.parse(line!) as AuditEvent).jti)).toEqual(['a', 'b'])
})

test.each([false, true])('after a rename, lines go to a new file, and none is lost (waiting: %s)', async (sync) => {
  const audit = await FileAudit.open(path, { sync })
  const before = Array.from({ length: 5 }, () => audit.write(event('before')))
  await rename(path, `${path}.1`)
  await Promise.all([audit.reopen(), ...before.map(async (write) => write)])
  await audit.write(event('after'))
  await audit.close()
  expect(await lines(`${path}.1`)).toHaveLength(6)
  expect(await lines(path)).toHaveLength(2)
})

test('a write that cannot be made says "undecided", so that the token is put off and not lost', async () => {
  const audit = await FileAudit.open(path)
  await audit.close()
  expect(() => audit.write(event('a'))).toThrow(expect.objectContaining({ family: 'undecided', reason: 'unavailable' }))
})
