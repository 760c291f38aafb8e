import { mkdtemp, readFile, rm, stat, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openIssuer, type Issuer } from '@scitokens/issuer'
import { expect, onTestFinished, test } from 'vitest'
import { ROBOT, SECRET, TestClock } from '../support/harness.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'scitokens-issuer-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

function open(file: string, more: object = {}): Promise<Issuer> {
  const clock = new TestClock()
  return openIssuer({
    issuer: 'https://issuer.example',
    clients: [ROBOT],
    storage: { file },
    clock: clock.read,
    ...more,
  })
}

test('database and master key are for the owner only, and the key is made beside the database', async () => {
  const file = join(await folder(), 'issuer.db')
  const issuer = await open(file)
  await issuer.close()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(`${file}.key`)).mode & 0o777).toBe(0o600)
})

test('the keys are the same after a restart', async () => {
  const file = join(await folder(), 'issuer.db')
  const first = await open(file)
  const before = (await first.buildServer().inject('/jwks')).body
  await first.close()
  const second = await open(file)
  onTestFinished(() => second.close())
  expect((await second.buildServer().inject('/jwks')).body).toBe(before)
})

test('the database holds no private key and no client secret, and is of no use without the master key', async () => {
  const path = await folder()
  const file = join(path, 'issuer.db')
  const issuer = await open(file)
  const [entry] = await issuer.realms[0]!.store.list<object>('https://issuer.example', 'signing_key')
  expect(entry!.value).not.toHaveProperty('privateJwk')
  await issuer.close()
  const bytes = await readFile(file, 'latin1')
  expect(bytes).toContain('"publicJwk"')
  expect(bytes).not.toMatch(/"d":/)
  expect(bytes).not.toContain(SECRET)
  await expect(open(file, { masterKey: { value: new Uint8Array(32) } })).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringContaining('master key'),
  })
})

test('a master key that others can read is refused', async () => {
  const file = join(await folder(), 'issuer.db')
  await (await open(file)).close()
  await chmod(`${file}.key`, 0o644)
  await expect(open(file)).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringContaining('chmod 600'),
  })
})
