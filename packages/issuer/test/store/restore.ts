import { expect } from 'vitest'
import type { StorageOptions } from '../../src/store/storages.ts'
import { APP, basic, type Harness, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

const masterKey = { value: new Uint8Array(32).fill(5) }
const start = (storage: StorageOptions): Promise<Harness> =>
  startIssuerForPeople({ clients: [APP] }, { storage, masterKey })

/** An issuer goes on for a while after a copy of its database was made; then another one is started on the copy. */
export async function checkRestore(storage: StorageOptions, copy: () => Promise<StorageOptions>): Promise<void> {
  const before = await start(storage)
  const login = await loginByCode(before, { scope: 'read:/store' })
  const revoked = await loginByCode(before, { scope: 'read:/store' })
  const form = (token: unknown) => ({ grant_type: 'refresh_token', refresh_token: token as string })
  await before.post('/revoke', { token: revoked.body['refresh_token'] as string }, basic('app', SECRET))
  const copied = await copy()
  const newer = await before.token(form(login.body['refresh_token']), basic('app', SECRET))
  expect(newer.status).toBe(200)
  await before.issuer.close()

  const after = await start(copied)
  expect(await after.claims(login.body['access_token'] as string)).toMatchObject({ sub: 'ana' })
  const refreshed = await after.token(form(newer.body['refresh_token']), basic('app', SECRET))
  expect(refreshed).toMatchObject({ status: 200, body: { scope: 'read:/store' } })
  expect((await after.token(form(revoked.body['refresh_token']), basic('app', SECRET))).status).toBe(400)
}
