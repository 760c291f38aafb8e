import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { APP, basic, loginByCode, SECRET, startIssuerForPeople } from './harness.ts'

test('a copy of the database made while it runs restores keys, clients and logins; newer refresh tokens still work', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-backup-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'issuer.db')
  const copy = join(folder, 'copy.db')
  const masterKey = { file: join(folder, 'master.key'), create: true }
  const before = await startIssuerForPeople({ clients: [APP] }, { storage: { file }, masterKey })
  const login = await loginByCode(before, { scope: 'read:/store' })
  const second = new DatabaseSync(file)
  second.exec(`VACUUM INTO '${copy}'`)
  second.close()
  const form = (token: unknown) => ({ grant_type: 'refresh_token', refresh_token: token as string })
  const newer = await before.token(form(login.body['refresh_token']), basic('app', SECRET))
  await before.issuer.close()

  const after = await startIssuerForPeople({ clients: [APP] }, { storage: { file: copy }, masterKey })
  expect(await after.claims(login.body['access_token'] as string)).toMatchObject({ sub: 'ana' })
  const refreshed = await after.token(form(newer.body['refresh_token']), basic('app', SECRET))
  expect(refreshed).toMatchObject({ status: 200, body: { scope: 'read:/store' } })
})
