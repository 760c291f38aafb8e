import { expect, test } from 'vitest'
import { Secrets } from '../../src/secrets/secrets.ts'

const secrets = new Secrets(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))

test('what the first version has sealed is opened: nonce, tag, encrypted text, with the key of its purpose', () => {
  const sealed = 'o4Djaol3jt-EQJ0SOVbahjqRl1v_zlTTTh5KgSDbL5yL2om-egpavPB5v5m5kHTZ'
  expect(secrets.open('signing-key', sealed, 'https://vo.example kid-1')).toBe('private key of kid-1')
  expect(secrets.open('session', sealed, 'https://vo.example kid-1')).toBeUndefined()
  expect(secrets.open('signing-key', sealed, 'https://vo.example kid-2')).toBeUndefined()
})

test.each([0, 10, 27, 30])('what was cut to %d bytes opens nothing', (bytes) => {
  const sealed = Buffer.from(secrets.seal('session', 'text', 'context'), 'base64url')
  expect(secrets.open('session', sealed.subarray(0, bytes).toString('base64url'), 'context')).toBeUndefined()
})
