import { certificateThumbprint } from '@scitokens/host/tls'
import { expect, test } from 'vitest'

test('a thumbprint is SHA-256 of the bytes in base64url without padding', () => {
  // FIPS 180-4, of "abc".
  expect(certificateThumbprint(Buffer.from('abc'))).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})
