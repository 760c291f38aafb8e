import { expect, test } from 'vitest'
import { checkHeader, parseCompact } from '../../src/jose/compact.ts'
import { decodeUnverified, type JsonObject, UnverifiedToken } from '../../src/index.ts'
import { refusal } from '../refusal.ts'
import { part } from '../tokens.ts'

const header = part({ alg: 'ES256' })
const claims = part({ iss: 'x' })
const good = `${header}.${claims}.${part('sig')}`

test('three parts are taken apart, and the signature covers the first two as they were written', () => {
  const token = parseCompact(good)
  expect(token.header).toEqual({ alg: 'ES256' })
  expect(token.claims).toEqual({ iss: 'x' })
  expect(new TextDecoder().decode(token.signingInput)).toBe(`${header}.${claims}`)
  expect(new TextDecoder().decode(token.signature)).toBe('sig')
})

test.each([
  ['', 'one part'],
  ['abc', 'one part'],
  [`${header}.${claims}`, 'two parts'],
  [`${good}.${part('{}')}`, 'a fourth part'],
  [`${good}.${part('{}')}.x`, 'five parts'],
  ['.'.repeat(60_000), 'dots'],
  ['..', 'empty parts'],
  [`${header}..${part('sig')}`, 'no claims'],
  [` ${good}`, 'a space before'],
  [`${good}\n`, 'a line feed after'],
  [`${good}=`, 'padding'],
  [`${header}.${claims}.a+/b`, 'the alphabet of plain base64'],
  [`${header}.${claims}.aR`, 'stray bits'],
  [`${part('[]')}.${claims}.${part('sig')}`, 'a list as header'],
  [`${header}.${part('5')}.${part('sig')}`, 'a number as claims set'],
  [`${header}.${part(Uint8Array.of(0xff, 0xfe))}.${part('sig')}`, 'claims that are no UTF-8'],
])('%#: %s', async (text) => {
  expect(await refusal(() => parseCompact(text))).toBe('not_acceptable malformed_token')
})

test('an empty signature is what "none" looks like: the algorithm refuses it, not the form', () => {
  expect(parseCompact(`${header}.${claims}.`).signature).toHaveLength(0)
})

test('what is no string is no token', async () => {
  for (const value of [undefined, null, 5, {}, [good], new Uint8Array(3)]) {
    expect(await refusal(() => parseCompact(value as never))).toBe('not_acceptable malformed_token')
  }
})

test('a long token is refused before it is decoded', async () => {
  expect(await refusal(() => parseCompact('!'.repeat(65_537)))).toBe('not_acceptable too_large')
  expect(await refusal(() => parseCompact('!'.repeat(65_536)))).toBe('not_acceptable malformed_token')
  expect(await refusal(() => parseCompact(good, good.length - 1))).toBe('not_acceptable too_large')
  expect(parseCompact(good, good.length).claims).toEqual({ iss: 'x' })
})

test.each([Number.NaN, 0, -1, 1.5, Infinity, '10' as never])('a limit of %s is none', async (limit) => {
  expect(await refusal(() => parseCompact(good, limit))).toBe('config config_error')
})

test('ten megabytes are refused unread', async () => {
  expect(await refusal(() => parseCompact(`${header}.${'!'.repeat(10_000_000)}.a`))).toBe('not_acceptable too_large')
})

const check = (value: JsonObject): unknown => checkHeader(value, ['ES256', 'RS256'])

test('a header is read: algorithm, key and type', () => {
  expect(check({ alg: 'ES256' })).toEqual({ alg: 'ES256', kid: undefined, typ: 'jwt' })
  expect(check({ alg: 'RS256', kid: '', typ: 'application/AT+JWT' })).toEqual({ alg: 'RS256', kid: '', typ: 'at+jwt' })
})

test.each([
  'none',
  'None',
  'NONE',
  '',
  'HS256',
  'HS384',
  'RS384',
  'PS256',
  'ES384',
  'EdDSA',
  'es256',
  'ES256 ',
  'ES256\u0000',
  'A128KW',
  '__proto__',
  'constructor',
])('the algorithm %j is not accepted', async (alg) => {
  expect(await refusal(() => check({ alg }))).toBe('not_acceptable unsupported_alg')
})

test.each<JsonObject>([
  {},
  { alg: 5 },
  { alg: null },
  { alg: ['ES256'] },
  { alg: 'ES256', kid: 5 },
  { alg: 'ES256', kid: null },
  { alg: 'ES256', typ: 5 },
  { alg: 'ES256', crit: [] },
  { alg: 'ES256', crit: 'exp' },
  { alg: 'ES256', crit: null },
  { alg: 'ES256', crit: ['exp'], exp: 1 },
  { alg: 'ES256', crit: ['b64'], b64: false },
  { alg: 'ES256', crit: ['cwk'], cwk: {} },
  { alg: 'ES256', b64: true },
  { alg: 'ES256', zip: 'DEF' },
])('the header %j is malformed', async (value) => {
  expect(await refusal(() => check(value))).toBe('not_acceptable malformed_token')
})

test('an extension is understood only where it is asked for, present, and named once', async () => {
  const understood = (value: JsonObject): unknown => checkHeader({ alg: 'ES256', ...value }, ['ES256'], ['cwk', 'pwt'])
  expect(understood({ crit: ['cwk'], cwk: {} })).toBeDefined()
  for (const value of [
    { crit: ['cwk'] },
    { crit: ['cwk', 'cwk'], cwk: {} },
    { crit: ['cwk', 'exp'], cwk: {}, exp: 1 },
    { crit: [5], cwk: {} },
  ]) {
    expect(await refusal(() => understood(value))).toBe('not_acceptable malformed_token')
  }
})

test('keys and links to keys in a header are no source of trust, and no reason to refuse', () => {
  expect(check({ alg: 'ES256', jwk: {}, jku: 'https://x', x5u: 'https://x', x5c: [] })).toBeDefined()
})

test('an unverified view has no member that could be taken for a verified one', () => {
  const view = decodeUnverified(good)
  expect(view).toBeInstanceOf(UnverifiedToken)
  expect(Object.keys(view)).toEqual(['unverifiedHeader', 'unverifiedClaims'])
  expect(view.getUnverified('iss')).toBe('x')
  expect(view.getUnverified('toString')).toBeUndefined()
  expect('get' in view || 'claims' in view || 'verified' in view).toBe(false)
})
