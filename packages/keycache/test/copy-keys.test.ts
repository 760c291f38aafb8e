import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyKeys, CppStore, MemoryStore, SqliteStore } from '../src/index.ts'
import { temporaryDirectory } from './fixture.ts'
import { NOW, recordFor } from './store/store-contract.ts'

const clock = (): number => NOW + 60

test("scitokens-cpp's keys become ours, and ours become theirs", async () => {
  const directory = temporaryDirectory()
  const cpp = CppStore.open(join(directory, 'cpp'))
  const own = SqliteStore.open(join(directory, 'own'))
  const record = await recordFor('https://a.example')
  cpp.saveKeys(record)
  expect(await copyKeys(cpp, own, { clock })).toEqual([{ issuer: 'https://a.example', copied: true, why: undefined }])
  expect(own.read('https://a.example')?.keys?.jwks).toEqual(record.jwks)

  own.saveKeys(await recordFor('https://b.example'))
  await copyKeys(own, cpp, { clock, issuers: ['https://b.example'] })
  expect(cpp.list().map(({ issuer }) => issuer)).toEqual(['https://a.example', 'https://b.example'])
  for (const store of [cpp, own]) store.close()
})

test('usable keys stay, unless older ones are to be replaced', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()]
  const [newer, older] = [
    await recordFor('https://a.example', { fetchedAt: NOW + 10 }),
    await recordFor('https://a.example'),
  ]
  from.saveKeys(newer)
  to.saveKeys(older)
  expect(await copyKeys(from, to, { clock })).toMatchObject([{ copied: false, why: 'there are usable keys already' }])
  expect(await copyKeys(from, to, { clock, replace: 'older' })).toMatchObject([{ copied: true }])
  expect(to.read('https://a.example')?.keys?.jwks).toEqual(newer.jwks)
  expect(await copyKeys(from, to, { clock, replace: 'older' })).toMatchObject([{ copied: false }])
})

test('missing, expired and unusable keys are not copied, and the reason is told', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()]
  from.saveKeys(await recordFor('https://expired.example', { expiresAt: NOW }))
  from.saveKeys(await recordFor('https://weak.example', { jwks: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] } }))
  const issuers = ['https://expired.example', 'https://weak.example', 'https://missing.example']
  const results = await copyKeys(from, to, { clock, issuers })
  expect(results.map(({ why }) => why)).toEqual([
    'the keys are too old to be used',
    expect.stringContaining('no usable key'),
    'there are no keys',
  ])
  expect(to.list()).toEqual([])
})

test('copied keys live no longer than fetched ones, whatever the other file says', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()]
  from.saveKeys(await recordFor('https://a.example', { refreshAt: NOW + 1e9, expiresAt: NOW + 1e9 }))
  await copyKeys(from, to, { clock })
  expect(to.read('https://a.example')?.keys).toMatchObject({ refreshAt: NOW + 21_600, expiresAt: NOW + 345_600 })
})
