import { ERROR_FAMILIES, type ErrorCode, type ErrorFamily, SciTokenError } from '@scitokens/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { challenge, httpRefusal } from '../../../src/http/index.ts'

const CODES = Object.keys(ERROR_FAMILIES) as ErrorCode[]
const error = (family: ErrorFamily, code: SciTokenError['code'] = 'invalid_request'): SciTokenError =>
  new SciTokenError(family, code, 'a sentence with a detail')

test.each<[ErrorFamily, number, string]>([
  ['not_acceptable', 401, 'invalid_token'],
  ['not_allowed', 403, 'insufficient_scope'],
  ['invalid_request', 400, 'invalid_request'],
  ['undecided', 503, 'temporarily_unavailable'],
  ['config', 500, 'server_error'],
])('the family %s is answered with %i %s, whatever the code', (family, status, name) => {
  for (const code of CODES.filter((known) => known !== 'no_credentials')) {
    expect(httpRefusal(error(family, code))).toMatchObject({ status, error: name })
  }
})

test('no credentials: 401 without a code', () => {
  expect(httpRefusal(error('invalid_request', 'no_credentials'))).toMatchObject({ status: 401, error: undefined })
  expect(challenge(error('invalid_request', 'no_credentials'))).toBe('Bearer')
  expect(challenge(error('invalid_request', 'no_credentials'), { realm: 'a "b" \\c' })).toBe(
    String.raw`Bearer realm="a \"b\" \\c"`,
  )
})

test('an expired token is told from a bad one', () => {
  expect(challenge(error('not_acceptable', 'expired'))).toBe(
    'Bearer error="invalid_token", error_description="The access token has expired"',
  )
})

test('details stay here: no message of an error reaches the world', () => {
  for (const code of CODES) {
    for (const family of ['not_acceptable', 'not_allowed', 'invalid_request', 'undecided', 'config'] as const) {
      expect(JSON.stringify(httpRefusal(error(family, code)))).not.toContain('detail')
      expect(challenge(error(family, code)) ?? '').not.toContain('detail')
    }
  }
})

test('who is not to blame gets no challenge', () => {
  expect(challenge(error('undecided', 'issuer_unavailable'))).toBeUndefined()
  expect(challenge(error('config', 'config_error'))).toBeUndefined()
})

test('the metadata is told with the challenge', () => {
  expect(
    challenge(error('invalid_request', 'no_credentials'), { resourceMetadata: 'https://a.example/.well-known/x' }),
  ).toBe('Bearer resource_metadata="https://a.example/.well-known/x"')
})

test('whatever the realm and the scopes, a challenge keeps to the grammar', () => {
  // RFC 9110 section 11.2: auth-param = token "=" quoted-string, of characters that a header can carry.
  const grammar =
    /^Bearer(?: [a-z_]+="(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:, [a-z_]+="(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*")*)?$/
  const text = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(text, fc.array(text), (realm, missing) => {
      const value = challenge(error('not_allowed', 'scope_denied'), { realm, missing })
      expect(value).toMatch(grammar)
      // RFC 6750 section 3: scope values have no quotes and no backslash, escaped or not.
      expect(/ scope="([^"]*)"/.exec(value!)?.[1] ?? '').not.toContain('\\')
    }),
  )
})
