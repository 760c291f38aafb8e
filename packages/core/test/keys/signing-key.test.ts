import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test, vi } from 'vitest'
import { type Algorithm, type Jwk, publicJwkFromPem, SigningKey, thumbprint } from '../../src/index.ts'
import { refusal } from '../refusal.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const pairs: Readonly<Record<string, { alg: Algorithm; privateKey: KeyObject }>> = {
  'RSA 2048': { alg: 'RS256', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
  'P-256': { alg: 'ES256', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
  'P-384': { alg: 'ES384', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey },
  'P-521': { alg: 'ES512', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey },
  Ed25519: { alg: 'EdDSA', privateKey: generateKeyPairSync('ed25519').privateKey },
}
const p256 = pairs['P-256']!.privateKey
const rsa = pairs['RSA 2048']!.privateKey
const jwkOf = (key: KeyObject): Jwk => key.export({ format: 'jwk' })
const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string =>
  key.export({ format: 'pem', type } as never) as string
const PUBLIC = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use']

test.each(Object.entries(pairs))('a %s key is taken in from every form', async (_name, { alg, privateKey }) => {
  const jwk = jwkOf(privateKey)
  const key = await SigningKey.from(jwk)
  const others = await Promise.all([SigningKey.from(privateKey), SigningKey.from(pemOf(privateKey, 'pkcs8'))])
  for (const other of others) expect(other.exportJwk()).toEqual(key.exportJwk())
  expect(key.alg).toBe(alg)
  expect(key.kid).toBe(await thumbprint(jwk))
  expect(await SigningKey.from(await key.exportPem())).toEqual(key)
  expect(await SigningKey.from(key)).toBe(key)
  expect(await publicJwkFromPem(await key.exportPublicPem())).toEqual(jwkOf(createPublicKey(privateKey)))
})

test.each(['P-256', 'P-384', 'P-521'])('an older PEM form (SEC 1) of a %s key is read', async (curve) => {
  const { privateKey } = pairs[curve]!
  const key = await SigningKey.from(`some text before\n${pemOf(privateKey, 'sec1')}`)
  expect(key.exportJwk()).toMatchObject(jwkOf(privateKey))
})

test('the older PEM form of RSA keys (PKCS 1) is read', async () => {
  const key = await SigningKey.from(pemOf(rsa, 'pkcs1').replaceAll('\n', '\r\n'))
  expect(key.exportJwk()).toMatchObject(jwkOf(rsa))
})

test.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const)(
  'a CryptoKey for %s is taken in, also one that cannot be extracted, as a pair',
  async (alg) => {
    const made = await SigningKey.generate(alg)
    const jwk = made.exportJwk() as JsonWebKey
    const names = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const
    const parameters = alg.startsWith('ES')
      ? { name: 'ECDSA', namedCurve: names[alg as keyof typeof names] }
      : alg.startsWith('Ed')
        ? { name: 'Ed25519' }
        : { name: alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const bare = Object.fromEntries(
      Object.entries(jwk).filter(([name]) => !['alg', 'kid', 'use'].includes(name)),
    ) as JsonWebKey
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...open } = bare
    const load = (from: JsonWebKey, extractable: boolean, usage: 'sign' | 'verify'): Promise<CryptoKey> =>
      crypto.subtle.importKey('jwk', from, parameters, extractable, [usage])
    expect((await SigningKey.from(await load(bare, true, 'sign'), { alg })).exportJwk()).toEqual(made.exportJwk())
    const pair = { privateKey: await load(bare, false, 'sign'), publicKey: await load(open, true, 'verify') }
    const hidden = await SigningKey.from(pair, { alg })
    expect(hidden.publicJwk).toEqual(made.publicJwk)
    expect(await refusal(() => hidden.exportJwk())).toBe('config config_error')
    expect(await refusal(() => hidden.exportPem())).toBe('config config_error')
    expect(await refusal(() => SigningKey.from(pair.privateKey))).toBe('config config_error')
    expect(await refusal(() => SigningKey.from(pair.publicKey))).toBe('config config_error')
  },
)

test('a CryptoKey bound to another hash is not used with this one', async () => {
  const parameters = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }
  const bare = jwkOf(rsa) as JsonWebKey
  const key = await crypto.subtle.importKey('jwk', bare, parameters, true, ['sign'])
  expect(await refusal(() => SigningKey.from(key))).toBe('config unsupported_alg')
})

test('kid and algorithm can be chosen, within what the key is', async () => {
  expect((await SigningKey.from(p256, { kid: 'mine' })).kid).toBe('mine')
  expect((await SigningKey.from({ ...jwkOf(p256), kid: 'its' })).kid).toBe('its')
  expect((await SigningKey.from(rsa, { alg: 'PS256' })).alg).toBe('PS256')
  const key = await SigningKey.from(rsa)
  expect(await SigningKey.from(key, { kid: 'new' })).toMatchObject({ kid: 'new', alg: 'RS256' })
  expect((await SigningKey.from(key, { alg: 'PS256' })).publicJwk).toMatchObject({ alg: 'PS256', kid: key.kid })
  expect(await refusal(() => SigningKey.from(p256, { alg: 'RS256' }))).toBe('config unsupported_alg')
  expect(await refusal(() => SigningKey.from(p256, { alg: 'ES384' }))).toBe('config unsupported_alg')
  expect(await refusal(() => SigningKey.from({ ...jwkOf(p256), alg: 'RS256' }))).toBe('config unsupported_alg')
  expect(await refusal(() => SigningKey.from({ ...jwkOf(rsa), alg: 'RS512' }))).toBe('config unsupported_alg')
  expect(await refusal(() => SigningKey.from(p256, { alg: 'HS256' as never }))).toBe('config unsupported_alg')
  expect(await refusal(() => SigningKey.from(p256, { kid: '' }))).toBe('config config_error')
})

const other = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
test.each<[string, unknown, string]>([
  ['a public JWK', jwkOf(createPublicKey(p256)), 'config_error'],
  ['a public KeyObject', createPublicKey(p256), 'config_error'],
  ['a symmetric key', { kty: 'oct', k: 'AAAA', d: 'AAAA' }, 'unsupported_key'],
  ['an encryption key', { ...jwkOf(p256), use: 'enc' }, 'unsupported_key'],
  ['the private half of another key', { ...jwkOf(p256), d: other.d }, 'unsupported_key'],
  ['a private half that is no number', { ...jwkOf(p256), d: '!' }, 'unsupported_key'],
  ['a point off its curve', { ...jwkOf(p256), x: other.x }, 'unsupported_key'],
  ['an RSA key without its primes', { ...jwkOf(createPublicKey(rsa)), d: jwkOf(rsa).d }, 'unsupported_key'],
  ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'weak_key'],
  ['RSA with e = 3', generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey, 'weak_key'],
  ['an RSA key for PSS only', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, 'unsupported_key'],
  ['another curve', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, 'unsupported_key'],
  ['a key for key agreement', generateKeyPairSync('x25519').privateKey, 'unsupported_key'],
  ['nothing', null, 'config_error'],
  ['a number', 5, 'config_error'],
  ['text that is no PEM', 'secret', 'config_error'],
  ['a public PEM', createPublicKey(p256).export({ format: 'pem', type: 'spki' }), 'config_error'],
  ['PEM that is no base64', '-----BEGIN PRIVATE KEY-----\nA=A\n-----END PRIVATE KEY-----', 'config_error'],
  ['PEM that is no key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'unsupported_key'],
  ['a PEM of another type', '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----', 'unsupported_key'],
  [
    'an encrypted PEM',
    p256.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    'config_error',
  ],
])('%s does not sign', async (_what, input, code) => {
  expect(await refusal(() => SigningKey.from(input as never))).toBe(`config ${code}`)
})

test('what is refused is not quoted', async () => {
  const secret = randomBytes(32).toString('base64url')
  const error = await SigningKey.from({ ...jwkOf(p256), d: secret }).catch((caught: Error) => caught)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
})

test('a key shows its kid and algorithm, nothing more', async () => {
  const key = await SigningKey.generate()
  const { d } = key.exportJwk()
  expect(JSON.parse(JSON.stringify(key))).toEqual({ kid: key.kid, alg: 'ES256' })
  expect(inspect(key, { depth: 9, showHidden: true })).not.toContain(d)
  expect(Object.keys(key.publicJwk).every((name) => PUBLIC.includes(name))).toBe(true)
})

test('a published key is complete, without padding', async () => {
  for (const alg of ['ES256', 'RS256'] as const) {
    const jwk = (await SigningKey.generate(alg)).publicJwk
    expect(jwk).toMatchObject({ alg, use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) })
    expect(JSON.stringify(jwk)).not.toContain('=')
  }
})

test('an RSA key has 2048 bits or as many as are asked for, never fewer', async () => {
  const bits = (jwk: Jwk): number => (jwk.n!.length * 6) & ~7
  expect(bits((await SigningKey.generate('RS256')).publicJwk)).toBe(2048)
  expect(bits((await SigningKey.generate('RS256', { modulusBits: 3072 })).publicJwk)).toBe(3072)
  for (const modulusBits of [1024, 2047, Number.NaN, 1e9]) {
    expect(await refusal(() => SigningKey.generate('RS256', { modulusBits }))).toBe('config weak_key')
  }
  expect(await refusal(() => SigningKey.generate('none' as never))).toBe('config config_error')
})

test('a thumbprint is that of RFC 7638 section 3.1 and RFC 8037 appendix A.3', async () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  const rsaExample = { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }
  expect(await thumbprint(rsaExample)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  const edExample = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  expect(await thumbprint(edExample)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  for (const jwk of [{}, { kty: 'EC' }, { kty: 'oct', k: 'AA' }, { kty: 'toString' }, { ...rsaExample, n: 5 }]) {
    expect(await refusal(() => thumbprint(jwk as Jwk))).toBe('config unsupported_key')
  }
})

test('a key of the platform signs what the platform verifies', async () => {
  const key = await SigningKey.from(createPrivateKey(pemOf(rsa, 'pkcs8')))
  const data = new TextEncoder().encode('x')
  const parameters = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const { kid: _, ...jwk } = key.publicJwk
  const publicKey = await crypto.subtle.importKey('jwk', jwk as JsonWebKey, parameters, false, ['verify'])
  expect(await crypto.subtle.verify(parameters, publicKey, await key.sign(data), data)).toBe(true)
})

test('text that is no public key is refused', async () => {
  expect(await refusal(() => publicJwkFromPem('x'))).toBe('config config_error')
  const text = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'
  expect(await refusal(() => publicJwkFromPem(text))).toBe('config unsupported_key')
})

test('a key in memory does not show itself', async () => {
  const key = await SigningKey.generate()
  expect(JSON.stringify({ key })).not.toContain(key.exportJwk().d)
})
