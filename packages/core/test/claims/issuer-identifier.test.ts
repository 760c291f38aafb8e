import { expect, test } from 'vitest'
import { checkIssuerIdentifier, isLoopbackHost } from '../../src/internal.ts'
import { refusal } from '../refusal.ts'

test.each([
  'https://issuer.example',
  'https://issuer.example/',
  'https://issuer.example:8443/vo/cms',
  'https://[::1]/x',
])('%s is returned as it came', (issuer) => {
  expect(checkIssuerIdentifier(issuer)).toBe(issuer)
})

test.each([
  '',
  'issuer.example',
  'ftp://issuer.example',
  'https://user@issuer.example',
  'https://user:secret@issuer.example',
  'https://issuer.example?x=1',
  'https://issuer.example?',
  'https://issuer.example#x',
  'https://issuer.example#',
  ' https://issuer.example',
  'https://issuer.example/\n',
  'https://issuer.example/a b',
  'https://issuer.example\\x',
  'https:issuer.example',
  'https:/issuer.example',
  'https://bücher.example',
])('%j is no issuer', async (issuer) => {
  expect(await refusal(() => checkIssuerIdentifier(issuer))).toBe('config config_error')
})

test('what is no string is no issuer', async () => {
  expect(await refusal(() => checkIssuerIdentifier(5 as never))).toBe('config config_error')
})

test('plain HTTP is for loopback only, and only on demand', async () => {
  const options = { dangerouslyAllowLoopbackHttp: true }
  for (const issuer of ['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:9/x']) {
    expect(await refusal(() => checkIssuerIdentifier(issuer))).toBe('config insecure_url')
    expect(checkIssuerIdentifier(issuer, options)).toBe(issuer)
  }
  for (const issuer of ['http://issuer.example', 'http://127.0.0.1.example', 'http://10.0.0.1']) {
    expect(await refusal(() => checkIssuerIdentifier(issuer, options))).toBe('config insecure_url')
  }
})

test('loopback is 127.0.0.0/8, ::1 and localhost', () => {
  expect(['127.0.0.1', '127.9.8.7', '[::1]', 'localhost'].every(isLoopbackHost)).toBe(true)
  expect(['128.0.0.1', 'localhost.example', '[::2]', '127.example'].some(isLoopbackHost)).toBe(false)
})
