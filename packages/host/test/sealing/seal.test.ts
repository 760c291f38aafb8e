import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { NONCE_BYTES, open, seal, TAG_BYTES } from '../../src/sealing/index.ts'

const key = randomBytes(32)

test.each(['', 'a refresh token', 'ünïcödé 🔑'])('what was sealed is opened again: %j', (text) => {
  const sealed = seal(key, text, 'ana/vo')
  expect(open(key, sealed, 'ana/vo')).toBe(text)
  expect(open(createSecretKey(key), sealed, 'ana/vo')).toBe(text)
  expect([sealed.nonce.length, sealed.tag.length]).toEqual([NONCE_BYTES, TAG_BYTES])
})

test('the same text is never sealed in the same way twice', () => {
  const [one, other] = [seal(key, 'text', 'place'), seal(key, 'text', 'place')]
  expect(Buffer.compare(one.body, other.body)).not.toBe(0)
})

test('another key, another place, and each bit that is changed open nothing', () => {
  const sealed = seal(key, 'text', 'place')
  expect(open(randomBytes(32), sealed, 'place')).toBeUndefined()
  expect(open(key, sealed, 'elsewhere')).toBeUndefined()
  for (const part of ['nonce', 'tag', 'body'] as const) {
    const changed = Uint8Array.from(sealed[part])
    changed[0]! ^= 1
    expect(open(key, { ...sealed, [part]: changed }, 'place')).toBeUndefined()
  }
})

test.each([4, 8, 15])('a tag of %d bytes opens nothing, though it is right as far as it goes', (bytes) => {
  const sealed = seal(key, 'text', 'place')
  expect(open(key, { ...sealed, tag: sealed.tag.subarray(0, bytes) }, 'place')).toBeUndefined()
})
