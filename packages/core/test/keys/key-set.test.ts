import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Algorithm, type Jwk, KeySet, SigningKey } from '../../src/index.ts'
import { refusal } from '../refusal.ts'

const ec = (await SigningKey.generate('ES256', { kid: 'ec' })).publicJwk
const ec2 = await SigningKey.generate('ES256', { kid: 'ec' })
const rsa = (await SigningKey.generate('RS256', { kid: 'rsa' })).publicJwk
const ed = (await SigningKey.generate('EdDSA', { kid: 'ed' })).publicJwk
const without = (jwk: Jwk, ...names: (keyof Jwk)[]): Jwk =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name as keyof Jwk)))
const load = (...keys: unknown[]): Promise<KeySet> => KeySet.fromJwks({ keys })

test('keys of every kind are taken in, by what their type and curve allow', async () => {
  const set = await load(ec, rsa, ed, without(rsa, 'alg', 'use'))
  expect(set.dropped).toEqual([])
  const fits = (alg: Algorithm): number[] => set.keys.flatMap((key, index) => (key.fits(alg) ? [index] : []))
  expect(fits('ES256')).toEqual([0])
  expect(fits('RS256')).toEqual([1, 3])
  expect(fits('PS256')).toEqual([3])
  expect(fits('EdDSA')).toEqual([2])
  expect(fits('Ed25519')).toEqual([2])
  expect(fits('ES384')).toEqual([])
})

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const three = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })
const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
const flip = (text: string): string => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`)

test.each<[string, unknown, string?]>([
  ['null', null],
  ['a string', 'key'],
  ['a number', 5],
  ['a list', [ec]],
  ['no type', without(ec, 'kty')],
  ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
  ['a symmetric key with a modulus', { ...rsa, kty: 'oct' }],
  ['a type in lower case', { ...ec, kty: 'ec' }],
  ['no curve', without(ec, 'crv')],
  ['an unknown curve', { ...ec, crv: 'P-257' }],
  ['a curve from the prototype', { ...ec, crv: 'toString' }],
  ['a curve that is no string', { ...ec, crv: ['P-256'] }],
  ['the wrong curve', { ...ec, crv: 'P-384' }],
  ['the right curve of another type', { ...ed, kty: 'EC' }],
  ['a curve of other people', k256],
  ['a key for key agreement', x25519],
  ['a coordinate too short', { ...ec, x: ec.x!.slice(0, 42) }],
  ['a coordinate with padding', { ...ec, x: `${ec.x}=` }],
  ['a coordinate with a leading zero too many', { ...ec, x: `AA${ec.x}` }],
  ['no y', without(ec, 'y')],
  ['a point off its curve', { ...ec, y: flip(ec.y!) }],
  ['the label of another algorithm', { ...ec, alg: 'RS256' }],
  ['the label of another hash', { ...rsa, alg: 'RS512' }],
  ['a label that is no string', { ...ec, alg: 5 }],
  ['an encryption key', { ...ec, use: 'enc' }],
  ['a use that is no string', { ...ec, use: ['sig'] }],
  ['a key for signing only', { ...ec, key_ops: ['sign'] }],
  ['key_ops that are no list', { ...ec, key_ops: 'verify' }],
  ['a kid that is no string', { ...ec, kid: 5 }],
  ['no modulus', without(rsa, 'n')],
  ['a modulus that is no base64url', { ...rsa, n: `${rsa.n}+` }],
  ['a modulus of 1024 bits', { ...weak, kid: 'w' }, 'weak_key'],
  ['a modulus of 1024 bits with zeros before', { ...weak, n: `AAAA${'A'.repeat(200)}${weak.n}` }, 'weak_key'],
  ['an exponent of 3', three, 'weak_key'],
  ['an even exponent', { ...rsa, e: 'AQAA' }, 'weak_key'],
  ['a huge exponent', { ...rsa, e: 'AQAAAAAAAAAAAAAB' }],
  ['a huge modulus', { ...rsa, n: 'g'.repeat(4000) }],
])('%s is skipped, and the others are used', async (_what, entry, code = 'unsupported_key') => {
  const set = await load(entry, ec)
  expect(set.keys).toHaveLength(1)
  expect(set.dropped).toMatchObject([{ code }])
  expect(JSON.stringify(set.dropped)).not.toContain(rsa.n)
})

test('a private key that was published is used for its public part only', async () => {
  const [key] = (await load(ec2.exportJwk())).keys
  expect(Object.keys(key!.jwk).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'x', 'y'])
})

test('padding is tolerated on request', async () => {
  const set = await KeySet.fromJwks({ keys: [{ ...ec, x: `${ec.x}=`, y: `${ec.y}=` }] }, { acceptPaddedKeys: true })
  expect(set.keys).toHaveLength(1)
})

test.each([null, undefined, [], [ec], 'x', 5, {}, { keys: null }, { keys: {} }, { keys: 'x' }])(
  '%j is no key set',
  async (document) => {
    expect(await refusal(() => KeySet.fromJwks(document))).toBe('config config_error')
  },
)

test('a key set has a hundred keys at most, or what is said', async () => {
  expect(await refusal(() => load(...Array.from({ length: 101 }, () => null)))).toBe('config config_error')
  expect(await refusal(() => KeySet.fromJwks({ keys: [ec, ec] }, { maxKeys: 1 }))).toBe('config config_error')
  expect((await KeySet.fromJwks({ keys: [] })).keys).toEqual([])
})

test('a kid names its key to the letter, of the type that the algorithm needs', async () => {
  const set = await load({ ...rsa, kid: 'one' }, { ...ec, kid: 'one' }, without(ec, 'kid'))
  expect(set.candidates('ES256', 'one')).toEqual([set.keys[1]])
  expect(set.candidates('RS256', 'one')).toEqual([set.keys[0]])
  for (const kid of ['', 'One', 'one ', 'toString', "' OR 1=1"]) {
    expect(await refusal(() => set.candidates('ES256', kid))).toBe('not_acceptable key_not_found')
  }
  expect(await refusal(() => set.candidates('ES384', 'one'))).toBe('not_acceptable key_not_found')
})

test('without kid there must be one key that fits, no more', async () => {
  const set = await load(ec, rsa, p384)
  expect(set.candidates('ES256', undefined)).toEqual([set.keys[0]])
  const two = await load(ec, ec2.publicJwk)
  expect(await refusal(() => two.candidates('ES256', undefined))).toBe('not_acceptable key_not_found')
  expect(await refusal(() => two.candidates('RS256', undefined))).toBe('not_acceptable key_not_found')
})

test('of many keys with one kid, four are tried', async () => {
  const set = await load(...Array.from({ length: 9 }, () => ec))
  expect(set.candidates('ES256', 'ec')).toHaveLength(4)
})

test('a key that was skipped is told as the reason', async () => {
  const set = await load({ ...weak, kid: 'weak' }, { ...ec, kid: 'bad', crv: 'P-384' }, rsa)
  expect(await refusal(() => set.candidates('RS256', 'weak'))).toBe('not_acceptable weak_key')
  expect(await refusal(() => set.candidates('ES256', 'bad'))).toBe('not_acceptable unsupported_key')
})

test('a signature of the wrong length or algorithm is wrong', async () => {
  const data = new TextEncoder().encode('x')
  const signature = await ec2.sign(data)
  const [key] = (await load(ec2.publicJwk)).keys
  expect(await key!.verify('ES256', data, signature)).toBe(true)
  expect(await key!.verify('RS256', data, signature)).toBe(false)
  expect(await key!.verify('ES256', data, signature.slice(1))).toBe(false)
  expect(await key!.verify('ES256', data, Uint8Array.of(...signature, 0))).toBe(false)
  expect(await key!.verify('ES256', data, new Uint8Array(64))).toBe(false)
  expect(await key!.verify('ES256', data, new Uint8Array())).toBe(false)
})
