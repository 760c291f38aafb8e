import { SciTokenError } from '@scitokens/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { extractBearer, fromRawHeaders } from '../../../src/http/index.ts'

const from = (...values: string[]): string | undefined =>
  extractBearer({ headers: values.map((value) => ['Authorization', value] as const) })

test('the token is what follows the scheme, in any case and after any number of spaces', () => {
  expect(from('Bearer abc.def.ghi')).toBe('abc.def.ghi')
  expect(from('bearer   abc.def.ghi ')).toBe('abc.def.ghi')
  expect(extractBearer({ headers: { AUTHORIZATION: 'BEARER abc' } })).toBe('abc')
  expect(extractBearer({ headers: new Headers({ authorization: 'Bearer abc' }) })).toBe('abc')
  expect(extractBearer({ headers: fromRawHeaders(['Host', 'x', 'authorization', 'Bearer abc']) })).toBe('abc')
  expect([...fromRawHeaders(['Host', 'x', 'Accept', 'y', 'lost'])]).toEqual([
    ['Host', 'x'],
    ['Accept', 'y'],
  ])
})

test('a request without credentials has no token', () => {
  expect(from()).toBeUndefined()
  expect(extractBearer({ headers: { authorization: undefined } })).toBeUndefined()
})

test.each([
  ['two Authorization fields', ['Bearer abc', 'Bearer abc']],
  ['two of which one is another scheme', ['Basic eDp5', 'Bearer abc']],
  ['a comma list of tokens', ['Bearer abc, Bearer def']],
  ['a comma list of schemes', ['Basic eDp5, Bearer abc']],
  ['a comma in the token', ['Bearer abc,def']],
  ['NUL in the token', ['Bearer abc\u0000def']],
  ['a line feed in the token', ['Bearer abc\ndef']],
  ['a tab instead of the space', ['Bearer\tabc']],
  ['two words', ['Bearer abc def']],
  ['quotes', ['Bearer "abc"']],
  ['nothing after the scheme', ['Bearer']],
  ['spaces only', ['Bearer    ']],
])('%s is refused as a malformed request', (_what, values) => {
  expect(() => from(...values)).toThrow(expect.objectContaining({ family: 'invalid_request' }))
})

test('credentials of another scheme are no bearer credentials at all', () => {
  expect(() => from('Basic eDp5')).toThrow(expect.objectContaining({ code: 'no_credentials' }))
})

test('64 kB and more are refused without being looked at', () => {
  expect(() => from(`Bearer ${'a'.repeat(70_000)}`)).toThrow(expect.objectContaining({ code: 'too_large' }))
  expect(from(`Bearer ${'a'.repeat(65_536)}`)).toHaveLength(65_536)
})

test('the query is only read where it was asked for by name', () => {
  const query = '?x=1&authz=Bearer%20abc'
  expect(extractBearer({ headers: {}, query })).toBeUndefined()
  expect(extractBearer({ headers: {}, query }, { queryParameter: 'authz' })).toBe('abc')
  expect(extractBearer({ headers: {}, query: 'authz=abc' }, { queryParameter: 'authz' })).toBe('abc')
})

test('a token in the header and one in the query are one too many', () => {
  const request = { headers: { authorization: 'Bearer abc' }, query: 'authz=abc' }
  expect(() => extractBearer(request, { queryParameter: 'authz' })).toThrow(/more than one/)
  expect(() => extractBearer({ headers: {}, query: 'authz=a&authz=b' }, { queryParameter: 'authz' })).toThrow(
    /more than one/,
  )
})

test('whatever the headers, there is one well-formed token, none, or an error of ours', () => {
  const piece = fc.constantFrom(
    'Bearer',
    'bearer',
    'Basic',
    ' ',
    ',',
    '\t',
    '\0',
    '"',
    'abc',
    'a.b.c',
    '=',
    ';',
    '\u00a0',
    '\n',
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (values) => {
      let token: string | undefined
      try {
        token = from(...values)
      } catch (error) {
        expect(error).toBeInstanceOf(SciTokenError)
        return
      }
      if (token === undefined) {
        expect(values).toEqual([])
        return
      }
      expect(values).toHaveLength(1)
      expect(token).toMatch(/^[A-Za-z0-9._~+/=-]+$/)
      expect(values[0]!.toLowerCase().startsWith('bearer ')).toBe(true)
      expect(values[0]!.trimEnd().endsWith(token)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})
