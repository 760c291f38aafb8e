import { expect, test } from 'vitest'
import {
  decodeUnverified,
  type JsonObject,
  type Signer,
  SigningKey,
  type SignOptions,
  signToken,
} from '../../src/index.ts'
import { refusal } from '../refusal.ts'

const signer = await SigningKey.generate()
const now = 1_790_000_000
const clock = (): number => now + 0.7
const claims = { iss: 'https://issuer.example', sub: 'ana', aud: 'https://se.example', scope: 'read:/a' }
const sign = async (options: Partial<SignOptions> = {}): Promise<{ header: JsonObject; claims: JsonObject }> => {
  const view = decodeUnverified(await signToken({ signer, claims, clock, ...options }))
  return { header: view.unverifiedHeader, claims: view.unverifiedClaims }
}
const without = (name: string): JsonObject => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

test('a 2.0 token is complete: version, times in whole seconds, a new jti, and the kid', async () => {
  const { header, claims: made } = await sign()
  expect(header).toEqual({ alg: 'ES256', typ: 'JWT', kid: signer.kid })
  expect(made).toEqual({
    ...claims,
    ver: 'scitoken:2.0',
    iat: now - 5,
    nbf: now - 5,
    exp: now + 600,
    jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  })
  expect((await sign()).claims['jti']).not.toBe(made['jti'])
})

test("lifetime and back-dating are the caller's choice, in whole seconds", async () => {
  expect((await sign({ lifetime: 0.2, backdate: 60.9 })).claims).toMatchObject({
    exp: now + 1,
    iat: now - 60,
    nbf: now - 60,
  })
  expect((await sign({ backdate: 0 })).claims).toMatchObject({ iat: now, nbf: now })
  expect((await sign({ lifetime: 604_800 })).claims).toMatchObject({ exp: now + 604_800 })
})

test('each profile writes its own version and type', async () => {
  expect((await sign({ profile: 'scitoken:1.0' })).claims).not.toHaveProperty('ver')
  const wlcg = (await sign({ profile: 'wlcg:1.x' })).claims
  expect(wlcg).toMatchObject({ 'wlcg.ver': '1.0' })
  expect(wlcg).not.toHaveProperty('ver')
  expect((await sign({ profile: 'wlcg:1.x', wlcgVersion: '1.3' })).claims).toMatchObject({ 'wlcg.ver': '1.3' })
  const access = await sign({ profile: 'at+jwt' })
  expect(access.header['typ']).toBe('at+jwt')
  expect(access.claims).not.toHaveProperty('ver')
})

test('claims called like members of the prototype are claims like others', async () => {
  const odd = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":"x"}') as JsonObject
  const { claims: made } = await sign({ claims: { ...claims, ...odd } })
  expect(Object.keys(made)).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'toString']))
  expect(JSON.stringify(made)).toContain('"__proto__":{"admin":true}')
})

test('a jti of the caller is kept', async () => {
  expect((await sign({ claims: { ...claims, jti: 'mine' } })).claims['jti']).toBe('mine')
})

test('a scope is signed in its normal form: some verifiers make something of a space too many', async () => {
  const scope = ' read://a/./b  write:/é openid read:/a/b wlcg:1.0 queue '
  expect((await sign({ claims: { ...claims, scope } })).claims['scope']).toBe(
    'read:/a/b write:/%C3%A9 openid wlcg:1.0 queue',
  )
})

test.each<[string, Partial<SignOptions>]>([
  ['missing_claim', { claims: without('iss') }],
  ['missing_claim', { claims: without('aud') }],
  ['missing_claim', { claims: without('aud'), profile: 'wlcg:1.x' }],
  ['missing_claim', { claims: without('aud'), profile: 'at+jwt' }],
  ['missing_claim', { claims: without('sub'), profile: 'wlcg:1.x' }],
  ['unknown_claim', { claims: { ...claims, vo: 'cms' }, profile: 'scitoken:1.0' }],
  ['unsupported_version', { wlcgVersion: '2.0', profile: 'wlcg:1.x' }],
  ['invalid_claim', { claims: { ...claims, exp: 1 } }],
  ['invalid_claim', { claims: { ...claims, iat: 1 } }],
  ['invalid_claim', { claims: { ...claims, nbf: 1 } }],
  ['invalid_claim', { claims: { ...claims, ver: 'scitoken:1.0' } }],
  ['invalid_claim', { claims: { ...claims, 'wlcg.ver': '1.0' } }],
  ['invalid_claim', { claims: { ...claims, iss: '' } }],
  ['invalid_claim', { claims: { ...claims, iss: ['x'] } }],
  ['invalid_claim', { claims: { ...claims, sub: 5 } }],
  ['invalid_claim', { claims: { ...claims, sub: null } }],
  ['invalid_claim', { claims: { ...claims, jti: '' } }],
  ['invalid_claim', { claims: { ...claims, aud: [] } }],
  ['invalid_claim', { claims: { ...claims, aud: '' } }],
  ['invalid_claim', { claims: { ...claims, aud: ['x', 5] } }],
  ['invalid_claim', { claims: { ...claims, aud: null } }],
  ['invalid_claim', { claims: { ...claims, scope: ['read:/a'] } }],
  ['invalid_claim', { claims: { ...claims, 'wlcg.groups': '/cms' } }],
  ['invalid_claim', { claims: { ...claims, 'wlcg.groups': ['cms'] } }],
  ['invalid_claim', { claims: { ...claims, x: undefined as never } }],
  ['invalid_claim', { claims: { ...claims, x: Number.NaN } }],
  ['invalid_claim', { claims: { ...claims, x: { y: [1n as never] } } }],
  ['invalid_claim', { claims: { ...claims, '\ud800': 1 } }],
  ['invalid_scope', { claims: { ...claims, scope: 'read' } }],
  ['invalid_scope', { claims: { ...claims, scope: 'read:a' } }],
  ['invalid_scope', { claims: { ...claims, scope: 'queue read:/a/..' } }],
  ['invalid_scope', { claims: { ...claims, scope: 'queue\tread:/a' } }],
  ['invalid_claim', { lifetime: 0 }],
  ['invalid_claim', { lifetime: -1 }],
  ['invalid_claim', { lifetime: Number.NaN }],
  ['invalid_claim', { lifetime: Infinity }],
  ['invalid_claim', { lifetime: '60' as never }],
  ['invalid_claim', { lifetime: 1e12, maxLifetime: 1e13 }],
  ['invalid_claim', { backdate: -1 }],
  ['invalid_claim', { backdate: Number.NaN }],
  ['invalid_claim', { backdate: now + 1 }],
  ['lifetime_too_long', { lifetime: 604_801 }],
  ['lifetime_too_long', { lifetime: 61, maxLifetime: 60 }],
  ['lifetime_too_long', { maxLifetime: Number.NaN }],
])('what verifiers would refuse is not signed: %s (%#)', async (code, options) => {
  expect(await refusal(() => sign(options))).toBe(`invalid_request ${code}`)
})

test('a wrong profile, clock or signer is a mistake of the program', async () => {
  expect(await refusal(() => sign({ profile: 'scitoken:3.0' as never }))).toBe('config config_error')
  expect(await refusal(() => sign({ profile: 'toString' as never }))).toBe('config config_error')
  expect(await refusal(() => sign({ clock: () => Number.NaN }))).toBe('config config_error')
  expect(await refusal(() => sign({ signer: { ...bare(), kid: '' } }))).toBe('config config_error')
})

test('algorithms besides ES256 and RS256 sign only where they are asked for', async () => {
  const other = await SigningKey.generate('ES384')
  expect(await refusal(() => sign({ signer: other }))).toBe('config unsupported_alg')
  expect((await sign({ signer: other, algorithms: ['ES384'] })).header['alg']).toBe('ES384')
  expect(await refusal(() => sign({ signer: { ...bare(), alg: 'none' as never } }))).toBe('config unsupported_alg')
})

function bare(): Signer {
  return { alg: 'ES256', kid: 'hsm', sign: (data) => signer.sign(data) }
}

test('a key that changes between two tokens is named as it is for each', async () => {
  const changing: { -readonly [K in keyof Signer]: Signer[K] } = bare()
  expect((await sign({ signer: changing })).header['kid']).toBe('hsm')
  changing.kid = 'hsm-2'
  expect((await sign({ signer: changing })).header['kid']).toBe('hsm-2')
})

test('an HSM that fails leaves us undecided; one that answers in DER is set up wrongly', async () => {
  const failing = { ...bare(), sign: () => Promise.reject(new Error('slot is empty')) }
  expect(await refusal(() => sign({ signer: failing }))).toBe('undecided undecided')
  for (const answer of [new Uint8Array(70), new Uint8Array(), 'x' as never]) {
    expect(await refusal(() => sign({ signer: { ...bare(), sign: () => answer } }))).toBe('config config_error')
  }
})

test.each([null, [], 'x', 5])('claims that are %j are no claims', async (odd) => {
  expect(await refusal(() => sign({ claims: odd as never }))).toBe('invalid_request invalid_request')
})
