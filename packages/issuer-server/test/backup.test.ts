import { stat, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backupIssuer } from '../src/backup.ts'
import { ClientAdmin } from '@scitokens/issuer'
import { serve, temporaryDirectory } from './served.ts'

test('a backup of a running issuer is its database at one moment, for its owner only', async () => {
  const { served, path, dir } = await serve()
  const admin = new ClientAdmin(served.issuer.realms[0]!)
  await admin.add('before', {})
  const copy = join(dir, 'copy.sqlite')
  await backupIssuer(path, copy)
  await admin.add('after', {})
  expect((await stat(copy)).mode & 0o077).toBe(0)
  using database = new DatabaseSync(copy, { readOnly: true })
  const clients = database.prepare("SELECT id FROM scitokens_entries WHERE kind = 'client'").all()
  expect(clients.map(({ id }) => id)).toEqual(['before'])
})

test('a backup never replaces a file, and says what it cannot copy', async () => {
  const { path, dir } = await serve()
  const copy = join(dir, 'copy.sqlite')
  await writeFile(copy, 'precious')
  await expect(backupIssuer(path, copy)).rejects.toThrow(`${copy} exists already and is kept`)
  await expect(backupIssuer(path, join(dir, 'none', 'x'))).rejects.toThrow(/cannot be written \(ENOENT\)/)
  const other = join(await temporaryDirectory(), 'issuer.yaml')
  await writeFile(other, 'issuer: https://vo.example\nstorage: { postgres: { env: DATABASE } }\n')
  await expect(backupIssuer(other, join(dir, 'x'))).rejects.toThrow('use pg_dump')
  await writeFile(other, `issuer: https://vo.example\nstorage: { file: ${join(dir, 'none.sqlite')} }\n`)
  await expect(backupIssuer(other, join(dir, 'x'))).rejects.toThrow(/^storage\.file: .*none\.sqlite cannot be opened/)
})
