import { expect, test } from 'vitest'
import { isJsonValue, parseJsonObject } from '../../src/internal.ts'
import { toJsonValue } from '../../src/jose/json.ts'
import { refusal } from '../refusal.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (text: string): unknown => parseJsonObject(bytes(text), 'the header')
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

test('an object is read', () => {
  expect(parse('{"a":[1,{"b":"\\u0041"}],"c":null}')).toEqual({ a: [1, { b: 'A' }], c: null })
  expect(parse(' {} ')).toEqual({})
})

test.each([
  ['a list', '[]'],
  ['a string', '"a"'],
  ['null', 'null'],
  ['nothing', ''],
  ['text after it', '{}x'],
  ['a byte order mark', '\ufeff{}'],
  ['a comma too many', '{"a":1,}'],
  ['NaN', '{"a":NaN}'],
  ['a string without end', '{"a'],
  ['a wrong escape in a name', '{"\\x":1}'],
  ['a raw control character', '{"a":"\u0000"}'],
  ['a number out of range', '{"a":1e400}'],
  ['the same without exponent', `{"a":1${'0'.repeat(400)}}`],
  ['an unpaired surrogate', '{"a":"\\ud800"}'],
  ['an unpaired surrogate in a list', '{"a":["\\udc00x"]}'],
  ['an unpaired surrogate in a name', '{"a":{"\\ud800":1}}'],
])('%s is refused', async (_what, text) => {
  expect(await refusal(() => parse(text))).toBe('not_acceptable malformed_token')
})

test('text that is no UTF-8 is refused', async () => {
  for (const wrong of [
    [0x7b, 0xff, 0x7d],
    [0x7b, 0x22, 0xc0, 0xae, 0x22, 0x7d],
  ]) {
    expect(await refusal(() => parseJsonObject(Uint8Array.from(wrong), 'x'))).toBe('not_acceptable malformed_token')
  }
})

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"x":[{"a":1,"b":{"a":1},"a":2}]}',
  '{"__proto__":1,"__proto__":2}',
])('a member that comes twice is refused: %s', async (text) => {
  expect(await refusal(() => parse(text))).toBe('not_acceptable malformed_token')
})

test('the same name in different objects, and as a value, is no repetition', () => {
  expect(parse('{"a":{"a":"a"},"b":["a","a",{"a":1},{"a":2}]}')).toEqual({
    a: { a: 'a' },
    b: ['a', 'a', { a: 1 }, { a: 2 }],
  })
})

test('names of the prototype are members like others', () => {
  const value = parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}') as Record<string, unknown>
  expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString'])
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect(value['admin']).toBeUndefined()
})

test('what is read is frozen, to the last member', () => {
  const value = parse('{"a":[{"b":{}}],"c":1}') as { a: [{ b: object }] }
  expect([value, value.a, value.a[0], value.a[0].b].map((part) => Object.isFrozen(part))).toEqual([
    true,
    true,
    true,
    true,
  ])
})

test('nesting ends at 32, whatever comes before', async () => {
  expect(parse(nested(32))).toBeDefined()
  expect(await refusal(() => parse(nested(33)))).toBe('not_acceptable malformed_token')
  expect(await refusal(() => parse('['.repeat(100_000)))).toBe('not_acceptable malformed_token')
})

test('a refusal tells which part it is, and nothing of what is in it', () => {
  expect(() => parse('{"secret":')).toThrow(/^the header is not JSON$/)
})

test('what JSON can carry is copied, to the last member, and frozen', () => {
  const value = { a: [1, 'x', null, { b: true }], ['__proto__']: 1 }
  const copy = toJsonValue(value) as Record<string, unknown>
  expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
  expect(Object.hasOwn(copy, '__proto__')).toBe(true)
  expect(Object.isFrozen(copy)).toBe(true)
  expect(Object.isFrozen(copy['a'])).toBe(true)
  value.a.push(2)
  expect(copy['a']).toHaveLength(4)
  expect(toJsonValue(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 })
})

const loop: unknown[] = []
loop.push(loop)
test.each([
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a bigint', 1n],
  ['NaN', Number.NaN],
  ['infinity', -Infinity],
  ['a date', new Date()],
  ['a map', new Map()],
  ['bytes', new Uint8Array(1)],
  ['an object of a class', new Error('x')],
  ['a hole in a list', [1, , 2]], // oxlint-disable-line no-sparse-arrays
  ['a cycle', loop],
  ['undefined inside', { a: [undefined] }],
  ['half a character', '\ud800'],
  ['half a character in a name', { '\udfff': 1 }],
  ['a boxed string', Object('x')],
])('%s is nothing that JSON can carry', (_what, value) => {
  expect(isJsonValue(value)).toBe(false)
})

test('a getter or proxy that throws is refused, not thrown', () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('no')
      },
    },
  )
  expect(isJsonValue(hostile)).toBe(false)
  expect(
    isJsonValue({
      get a() {
        throw new Error('no')
      },
    }),
  ).toBe(false)
})

test('a value is as deep as a token that holds it may be', () => {
  // The claims set is the first level of the 32.
  expect(isJsonValue(JSON.parse(nested(31)))).toBe(true)
  expect(isJsonValue(JSON.parse(nested(32)))).toBe(false)
})
