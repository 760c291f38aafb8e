import { expect, test, vi } from 'vitest'
import {
  ConfigError,
  InvalidRequestError,
  NotAllowedError,
  redactSecrets,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
} from '../src/index.ts'
import { quote } from '../src/internal.ts'

const token = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ'

test('every error says its family, code and evidence', () => {
  const cause = new Error('why')
  const error = new TokenNotAcceptableError('expired', 'the token has expired', {
    reason: 'expired',
    claim: 'exp',
    expected: 2,
    actual: 1,
    issuer: 'https://issuer.example',
    cause,
  })
  expect(error).toMatchObject({
    name: 'TokenNotAcceptableError',
    family: 'not_acceptable',
    code: 'expired',
    reason: 'expired',
    claim: 'exp',
    expected: 2,
    actual: 1,
    issuer: 'https://issuer.example',
    cause,
  })
})

test('the class follows the family, and every class is a SciTokenError', () => {
  const errors = [
    new TokenNotAcceptableError('expired', 'm'),
    new NotAllowedError('scope_denied', 'm'),
    new InvalidRequestError('invalid_request', 'm'),
    new UndecidedError('undecided', 'm'),
    new ConfigError('config_error', 'm'),
  ]
  const classes = [TokenNotAcceptableError, NotAllowedError, InvalidRequestError, UndecidedError, ConfigError]
  for (const [row, error] of errors.entries()) {
    expect(error).toBeInstanceOf(SciTokenError)
    expect(error).toBeInstanceOf(Error)
    expect(classes.map((one) => error instanceof one)).toEqual(classes.map((_, column) => column === row))
  }
  expect(errors.map((error) => `${error.family} ${error.code}`)).toEqual([
    'not_acceptable expired',
    'not_allowed scope_denied',
    'invalid_request invalid_request',
    'undecided undecided',
    'config config_error',
  ])
})

test('errors of another copy of this package are recognised, whatever a minifier called their classes', async () => {
  vi.resetModules()
  const other = await import('../src/errors.ts')
  expect(other.SciTokenError).not.toBe(SciTokenError)
  const error = new other.UndecidedError('issuer_unavailable', 'm')
  expect(error).toBeInstanceOf(SciTokenError)
  expect(error).toBeInstanceOf(UndecidedError)
  expect(error).not.toBeInstanceOf(ConfigError)
})

test('a class derived from an error is recognised as any class is', () => {
  class Special extends ConfigError {}
  expect(new Special('config_error', 'm')).toBeInstanceOf(Special)
  expect(new Special('config_error', 'm')).toBeInstanceOf(ConfigError)
  expect(new ConfigError('config_error', 'm')).not.toBeInstanceOf(Special)
})

test('other values are no SciTokenError', () => {
  for (const value of [null, undefined, 'x', new Error('x'), { code: 'expired', family: 'not_acceptable' }]) {
    expect(value instanceof SciTokenError).toBe(false)
    expect(value instanceof TokenNotAcceptableError).toBe(false)
  }
})

test('quoted text cannot drive a log or a terminal, and is short', () => {
  expect(quote('a\nb\u001b[31m\u009b\u202e\ud800\u2028')).toBe('"a?b?[31m????"')
  expect(quote('ø 🎉')).toBe('"ø 🎉"')
  expect(quote('x'.repeat(1000)).length).toBeLessThan(210)
  expect(quote(`${'x'.repeat(199)}🎉`).isWellFormed()).toBe(true)
})

test('whatever is quoted, it is quoted', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  expect(quote(loop)).toBe('"object"')
  expect(quote(1n)).toBe('"bigint"')
  expect(quote(undefined)).toBe('"undefined"')
  expect(quote({ a: 1 })).toBe('"{"a":1}"')
})

test('no token and no private key gets into a message or the evidence', () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----'
  expect(redactSecrets(`see ${token} and ${token}.eyJrdHkiOiJFQyJ9, ${pem}!`)).toBe(
    'see [redacted] and [redacted], [redacted]!',
  )
  expect(quote(token)).toBe('"[redacted]"')
  const error = new TokenNotAcceptableError('invalid_claim', 'm', { actual: `x ${token}`, issuer: token })
  expect(error.actual).toBe('x [redacted]')
  expect(error.issuer).toBe('[redacted]')
  expect(redactSecrets('https://storage.example/a.b.c')).toBe('https://storage.example/a.b.c')
})
