import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startIssuer } from '../support/harness.ts'
import { SocketKeys, startSigningProcess } from './socket-signer.ts'

test('keys may live in a process of their own: tokens of it verify, it rotates, and no private key is in the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-signer-'))
  const path = join(folder, 'signer.sock')
  const signer = await startSigningProcess(path)
  onTestFinished(async () => {
    signer.stdin!.end()
    await once(signer, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  const { token, claims, issuer, url } = await startIssuer({ keyProvider: new SocketKeys(path) })
  const before = await token({ grant_type: 'client_credentials' })
  expect(await claims(before.body['access_token'] as string)).toMatchObject({ sub: 'robot' })
  await issuer.realms[0]!.keys.rotateNow()
  const after = await token({ grant_type: 'client_credentials' })
  expect(await claims(after.body['access_token'] as string)).toMatchObject({ sub: 'robot' })
  await expect(claims(before.body['access_token'] as string)).rejects.toMatchObject({ code: 'key_not_found' })
  const entries = await issuer.realms[0]!.store.list<{ reference: string }>(url, 'signing_key')
  expect(entries.map(({ value }) => value.reference)).toEqual([
    expect.stringMatching(/^socket:/),
    expect.stringMatching(/^socket:/),
  ])
})
