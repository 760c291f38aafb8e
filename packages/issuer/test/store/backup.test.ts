import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import { checkRestore } from './restore.ts'

test('a copy of the SQLite file made while it runs restores keys and logins; newer refresh tokens still work', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-backup-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'issuer.db')
  await checkRestore({ file }, async () => {
    const copy = join(folder, 'copy.db')
    const second = new DatabaseSync(file)
    second.exec(`VACUUM INTO '${copy}'`)
    second.close()
    return { file: copy }
  })
})
