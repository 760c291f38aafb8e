import { expect, test } from 'vitest'
import { type JsonObject, SciToken, SigningKey, StaticKeys } from '../src/index.ts'
import { createTestIssuer } from '../src/testing.ts'
import { refusal } from './refusal.ts'

const issuer = await createTestIssuer()
const claims = { sub: 'ana', aud: 'https://se.example', scope: 'read:/a' }
const verified = async (): Promise<SciToken> => SciToken.deserialize(await issuer.sign(claims), { keys: issuer.keys })

test('claims are a map: set, get, has, delete, iterate, update', () => {
  const token = new SciToken({ claims: { b: 1 } })
  expect(token.set('a', [1, { x: null }]).get('a')).toEqual([1, { x: null }])
  expect(token.has('a')).toBe(true)
  expect(token.has('toString')).toBe(false)
  expect(token.get('toString')).toBeUndefined()
  token.update({ c: true, b: 2 })
  expect([...token]).toEqual([
    ['b', 2],
    ['a', [1, { x: null }]],
    ['c', true],
  ])
  expect(token.delete('a')).toBe(true)
  expect(token.delete('a')).toBe(false)
  expect(token.claims()).toEqual({ b: 2, c: true })
  expect(JSON.stringify(token)).toBe('{"b":2,"c":true}')
})

test('a claim keeps the value that it was given, whatever becomes of the object', async () => {
  const list = ['a']
  const token = new SciToken({ claims: { list } })
  list.push('b')
  expect(token.get('list')).toEqual(['a'])
  expect(() => (token.get('list') as string[]).push('c')).toThrow(TypeError)
  const copy = token.claims() as { list: string[] }
  copy.list.push('d')
  expect(token.get('list')).toEqual(['a'])
})

test('names of the prototype are claims like others', async () => {
  const odd = JSON.parse('{"__proto__":{"admin":true},"constructor":"x"}') as JsonObject
  const token = new SciToken({ claims: { ...claims, ...odd } })
  token.set('__proto__', { admin: 1 }).set('hasOwnProperty', 1)
  expect(token.get('__proto__')).toEqual({ admin: 1 })
  expect(Object.keys(token.claims())).toEqual([...Object.keys(claims), '__proto__', 'constructor', 'hasOwnProperty'])
  expect((token.claims() as { admin?: unknown }).admin).toBeUndefined()
  const view = SciToken.decode(await token.serialize({ issuer: issuer.issuer }))
  expect(view.getUnverified('__proto__')).toEqual({ admin: 1 })
})

const loop: JsonObject[] = []
loop.push(loop as never)
test.each<[string, unknown]>([
  ['undefined', undefined],
  ['a function', () => {}],
  ['NaN', Number.NaN],
  ['infinity', Infinity],
  ['a bigint', 1n],
  ['a symbol', Symbol('x')],
  ['a date', new Date()],
  ['a cycle', loop],
  ['half a character', '\udc00'],
])('what JSON cannot carry is refused when it is set: %s', async (_what, value) => {
  const token = new SciToken({ claims: { x: 1 } })
  expect(await refusal(() => token.set('x', value as never))).toBe('invalid_request invalid_request')
  expect(await refusal(() => token.update({ y: 1, x: value as never }))).toBe('invalid_request invalid_request')
  expect(await refusal(() => new SciToken({ claims: { x: value as never } }))).toBe('invalid_request invalid_request')
  expect(token.claims()).toEqual({ x: 1 })
})

test('a claim needs a name', async () => {
  expect(await refusal(() => new SciToken().set('', 1))).toBe('invalid_request invalid_request')
  expect(await refusal(() => new SciToken().set('\ud800', 1))).toBe('invalid_request invalid_request')
})

test('verified claims are told from those that were set afterwards', async () => {
  const token = await verified()
  expect(token.isVerified('scope')).toBe(true)
  expect(token.get('scope', { verifiedOnly: true })).toBe('read:/a')
  token.set('scope', 'read:/').set('new', 1)
  expect(token.get('scope')).toBe('read:/')
  for (const name of ['scope', 'new', 'never', 'toString']) {
    expect(token.isVerified(name)).toBe(false)
    expect(token.get(name, { verifiedOnly: true })).toBeUndefined()
  }
  expect(token.verified!.claims['scope']).toBe('read:/a')
  token.delete('sub')
  token.set('sub', 'ana')
  expect(token.isVerified('sub')).toBe(false)
  expect(new SciToken({ claims }).isVerified('sub')).toBe(false)
})

test('a verified token has no key to sign with', async () => {
  expect(await refusal(async () => (await verified()).serialize())).toBe('invalid_request invalid_request')
  expect(await refusal(async () => (await verified()).signer())).toBe('invalid_request invalid_request')
})

test('a token without key makes one, once, and uses it for every serialization', async () => {
  const token = new SciToken({ claims })
  const signer = (await token.signer()) as SigningKey
  expect(await token.signer()).toBe(signer)
  const keys = new StaticKeys({ [issuer.issuer]: { keys: [signer.publicJwk] } })
  const text = await token.serialize({ issuer: issuer.issuer, lifetime: 60 })
  expect((await SciToken.deserialize(text, { keys })).claims()).toMatchObject({ ...claims, iss: issuer.issuer })
  expect(SciToken.decode(text).unverifiedHeader).toMatchObject({ alg: 'ES256', kid: signer.kid })
})

test('a key may come in any form, with a name and algorithm of its own', async () => {
  const key = await SigningKey.generate('RS256')
  for (const form of [
    key,
    key.exportJwk(),
    await key.exportPem(),
    { alg: key.alg, kid: key.kid, sign: key.sign.bind(key) },
  ]) {
    const token = new SciToken({ key: form, claims })
    expect(SciToken.decode(await token.serialize({ issuer: 'https://x.example' })).unverifiedHeader).toEqual({
      alg: 'RS256',
      typ: 'JWT',
      kid: key.kid,
    })
  }
  const named = new SciToken({ key: await key.exportPem(), kid: 'mine', alg: 'PS256', claims })
  const text = await named.serialize({ issuer: 'https://x.example', algorithms: ['PS256'] })
  expect(SciToken.decode(text).unverifiedHeader).toMatchObject({ alg: 'PS256', kid: 'mine' })
})

test('the issuer is what is said, else the claim', async () => {
  const token = new SciToken({ key: issuer.key, claims: { ...claims, iss: 'https://claim.example' } })
  const issOf = async (said?: string): Promise<unknown> =>
    SciToken.decode(await token.serialize(said === undefined ? {} : { issuer: said })).getUnverified('iss')
  expect(await issOf()).toBe('https://claim.example')
  expect(await issOf('https://said.example')).toBe('https://said.example')
  expect(token.get('iss')).toBe('https://claim.example')
})

test('a token that cannot be good is not a token', async () => {
  expect(await refusal(() => SciToken.deserialize('x', { keys: issuer.keys }))).toBe('not_acceptable malformed_token')
  expect(await refusal(() => SciToken.decode('x'))).toBe('not_acceptable malformed_token')
  expect(await refusal(() => new SciToken({ key: 'no key', claims }).serialize())).toBe('config config_error')
})
