import { expect, test } from 'vitest'
import { SecretBox } from '../../src/state/secret-box.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const box = new SecretBox(key)

test('what the first version has written is opened: nonce, encrypted text, tag', () => {
  const sealed = Buffer.from('_uNfcDV_lbWLKgjwqKf8fEFTBKccihQvXqHR8JchbFACGZ61WdGmghNGCseUTtEq', 'base64url')
  expect(box.keyId).toBe('nQdIVuwj_ezm4aKB')
  expect(box.open(sealed, 'ana/vo')).toBe('refresh-token of Ana')
})

test.each([0, 11, 28, 40])('what was cut to %d bytes, or belongs to another place, is config_error', (bytes) => {
  const sealed = box.seal('secret of Ana', 'ana/vo')
  const refusal = expect.objectContaining({ code: 'config_error' }) as unknown
  expect(() => box.open(sealed.subarray(0, bytes), 'ana/vo')).toThrow(refusal)
  expect(() => box.open(sealed, 'bob/vo')).toThrow(refusal)
})

test('what prints a box tells the name of its key, and not the key', () => {
  expect(JSON.stringify({ box })).toBe(JSON.stringify({ box: { keyId: box.keyId } }))
})
