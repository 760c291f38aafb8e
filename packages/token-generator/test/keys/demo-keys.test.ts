import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock } from '@scitokens/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { openDemoKeys } from '../../src/keys/demo-keys.ts'

const clock = createTestClock(1_800_000_000)

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scitokens-demo-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'keys.json')
}

test('a file of keys is made once, readable by its owner only, and read again', async () => {
  const file = temporaryFile()
  const first = await openDemoKeys({ file }, clock)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const second = await openDemoKeys({ file }, clock)
  expect((await second.published()).body).toBe((await first.published()).body)
  expect([second.signer('ES256').kid, second.signer('RS256').kid]).toEqual(['key-es256', 'key-rs256'])
})

test('what is published of the file has nothing private', async () => {
  const file = temporaryFile()
  const { body } = await (await openDemoKeys({ file }, clock)).published()
  const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: { d: string }[] }
  for (const { d } of keys) expect(body).not.toContain(d)
})

test.each([
  ['is no JSON', '-----BEGIN PRIVATE KEY-----', /is not JSON$/],
  ['lacks a key', '{"keys":[]}', /no private key with alg ES256/],
  ['has another form', 'null', /no private key/],
])('a file that %s is refused by name, and nothing of it is quoted', async (_, text, message) => {
  const file = temporaryFile()
  writeFileSync(file, text)
  await expect(openDemoKeys({ file }, clock)).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringMatching(message),
  })
  await expect(openDemoKeys({ file }, clock)).rejects.not.toMatchObject({ message: expect.stringContaining('PRIVATE') })
})

test('keys in memory are rotated by the clock: the next is published ahead, under another name, and the first stays', async () => {
  const moving = createTestClock(1_800_000_000)
  const keys = await openDemoKeys({ rotation: { publishAheadSeconds: 100, signingSeconds: 1000 } }, moving)
  onTestFinished(() => keys.close())
  expect(keys.signer('ES256').kid).toBe('key-es256')
  moving.advance(950)
  await keys.refresh()
  expect(keys.signer('ES256').kid).toBe('key-es256')
  expect((await keys.published()).keySet.keys).toHaveLength(4)
  moving.advance(150)
  await keys.refresh()
  expect(keys.signer('ES256').kid).toMatch(/^key-es256-\d{8}T\d{6}$/)
  expect((await keys.published()).keySet.keys.map(({ kid }) => kid)).toContain('key-es256')
})

test('a schedule without time to publish ahead is refused', async () => {
  await expect(openDemoKeys({ rotation: { signingSeconds: 10 } }, clock)).rejects.toMatchObject({
    code: 'config_error',
  })
})
