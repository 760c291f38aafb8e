import { createHmac } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import {
  type JsonObject,
  KeySet,
  type KeySource,
  SciToken,
  SigningKey,
  StaticKeys,
  TokenNotAcceptableError,
  UndecidedError,
  verifyToken,
  type VerifyOptions,
} from '../src/index.ts'
import { createTestIssuer } from '../src/testing.ts'
import { refusal } from './refusal.ts'
import { forge, part } from './tokens.ts'

const issuer = await createTestIssuer()
const { key, keys } = issuer
const claims = { iss: issuer.issuer, sub: 'ana', aud: 'x', scope: 'read:/a', ver: 'scitoken:2.0', exp: 1 }
const header = { alg: 'ES256', typ: 'JWT', kid: key.kid }
const good = await forge(key, header, claims)
const verify = (text: string, options: Partial<VerifyOptions> = {}): Promise<unknown> =>
  verifyToken(text, { keys, ...options })

test('an authentic token is returned as it was signed, frozen', async () => {
  const verified = await verifyToken(good, { keys })
  expect(verified).toMatchObject({ header, claims, issuer: issuer.issuer, profile: 'scitoken:2.0' })
  expect(Object.isFrozen(verified.claims)).toBe(true)
  expect(verified.keySet).toBe(await keys.getKeySet(issuer.issuer))
})

test("times, audience and scope are nobody's matter here", async () => {
  expect(await verify(await forge(key, header, { iss: issuer.issuer }))).toMatchObject({ profile: 'scitoken:1.0' })
})

test('a change of a single character is noticed', async () => {
  const [head, body, signature] = good.split('.') as [string, string, string]
  const other = part({ ...claims, scope: 'read:/' })
  expect(await refusal(() => verify(`${head}.${other}.${signature}`))).toBe('not_acceptable bad_signature')
  expect(await refusal(() => verify(`${part({ ...header, x: 1 })}.${body}.${signature}`))).toBe(
    'not_acceptable bad_signature',
  )
  for (const wrong of [new Uint8Array(64), new Uint8Array(63).fill(1), new Uint8Array(65).fill(1)]) {
    expect(await refusal(() => verify(`${head}.${body}.${part(wrong)}`))).toBe('not_acceptable bad_signature')
  }
})

test('a token of another key with the same kid is refused', async () => {
  const attacker = await SigningKey.generate('ES256', { kid: key.kid })
  const jwk = attacker.publicJwk
  for (const extra of [{}, { jwk }, { jku: 'https://evil.example/jwks' }, { x5c: ['AAAA'] }]) {
    const text = await forge(attacker, { ...header, ...extra }, claims)
    expect(await refusal(() => verify(text))).toBe('not_acceptable bad_signature')
  }
})

test('no symmetric signature is ever good, whatever the issuer publishes and the caller asks for', async () => {
  const input = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`
  const secret = await key.exportPublicPem()
  const text = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  expect(await refusal(() => verify(text))).toBe('not_acceptable unsupported_alg')
  const published = new StaticKeys({ [issuer.issuer]: { keys: [{ kty: 'oct', k: part(secret), kid: key.kid }] } })
  expect(await refusal(() => verify(text, { keys: published }))).toBe('not_acceptable unsupported_alg')
  expect(await refusal(() => verify(text, { algorithms: ['HS256' as never] }))).toBe('config config_error')
  const unsigned = `${part({ ...header, alg: 'none' })}.${part(claims)}.`
  expect(await refusal(() => verify(unsigned))).toBe('not_acceptable unsupported_alg')
})

test('an algorithm must be asked for, and fit the key', async () => {
  expect(await refusal(() => verify(good, { algorithms: ['RS256'] }))).toBe('not_acceptable unsupported_alg')
  const text = await forge(key, { ...header, alg: 'RS256' }, claims)
  expect(await refusal(() => verify(text))).toBe('not_acceptable key_not_found')
  expect(await refusal(() => verify(good, { algorithms: [] }))).toBe('config config_error')
})

test('that a header was read before makes no algorithm acceptable, and no chain link an ordinary token', async () => {
  await verify(good)
  expect(await refusal(() => verify(good, { algorithms: ['RS256'] }))).toBe('not_acceptable unsupported_alg')
  await verify(good, { algorithms: ['ES256'] })
  const link = await forge(key, { ...header, pwt: good }, claims)
  for (const _ of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- the second time, the header is known
    expect(await refusal(() => verify(link))).toBe('not_acceptable chain_not_accepted')
  }
})

test.each<[string, unknown, JsonObject]>([
  ['missing_claim', header, {}],
  ['invalid_claim', header, { iss: ['https://issuer.example'] }],
  ['invalid_claim', header, { iss: { a: 1 } }],
  ['invalid_claim', header, { iss: null }],
  ['untrusted_issuer', header, { ...claims, iss: 'https://issuer.example/' }],
  ['untrusted_issuer', header, { ...claims, iss: '' }],
  ['untrusted_issuer', header, { ...claims, iss: '__proto__' }],
  ['invalid_claim', header, { ...claims, ver: 1 }],
  ['invalid_claim', header, { ...claims, ver: null }],
  ['unsupported_version', header, { ...claims, ver: 'scitoken:3.0' }],
  ['unsupported_version', header, { ...claims, ver: 'scitoken-chain:1.0' }],
  ['profile_mismatch', header, { ...claims, 'wlcg.ver': '1.0' }],
  ['profile_mismatch', { ...header, typ: 'id_token+jwt' }, claims],
  ['key_not_found', { alg: 'ES256' }, { iss: issuer.issuer, 'wlcg.ver': '1.0' }],
  ['key_not_found', { ...header, kid: 'other' }, claims],
  ['key_not_found', { ...header, kid: '' }, claims],
])('%s: %j %j', async (code, head, body) => {
  expect(await refusal(async () => verify(await forge(key, head, body)))).toBe(`not_acceptable ${code}`)
})

test('a SciToken without kid is good where one key fits; a caller may insist', async () => {
  const text = await forge(key, { alg: 'ES256' }, claims)
  expect(await verify(text)).toBeDefined()
  expect(await refusal(() => verify(text, { requireKid: true }))).toBe('not_acceptable key_not_found')
})

test('nobody asks for the keys of an issuer that is not trusted, or of a token that cannot be good', async () => {
  let asked = 0
  const counting: KeySource = {
    getKeySet: (...question) => {
      asked += 1
      return keys.getKeySet(...question)
    },
  }
  const options = { keys: counting, issuers: ['https://other.example'] }
  expect(await refusal(() => verify(good, options))).toBe('not_acceptable untrusted_issuer')
  for (const head of [{ alg: 'none' }, { ...header, crit: ['x'], x: 1 }, { ...header, typ: 'dpop+jwt' }]) {
    await refusal(async () => verify(await forge(key, head, claims), { keys: counting }))
  }
  expect(asked).toBe(0)
  await verify(good, { keys: counting, issuers: [issuer.issuer] })
  expect(asked).toBe(1)
})

test('the failures of a key source stay in their family; strange ones leave us undecided', async () => {
  const sourceOf = (getKeySet: () => unknown): KeySource => ({ getKeySet }) as KeySource
  const fail = (error: Error) => (): never => {
    throw error
  }
  const cases: [() => unknown, string][] = [
    [fail(new UndecidedError('issuer_unavailable', 'x')), 'undecided issuer_unavailable'],
    [fail(new TokenNotAcceptableError('untrusted_issuer', 'x')), 'not_acceptable untrusted_issuer'],
    [fail(new TypeError('x')), 'undecided undecided'],
    [() => Promise.reject(new TypeError('x')), 'undecided undecided'],
    [() => undefined, 'undecided undecided'],
    [() => Promise.resolve({ keys: [] }), 'undecided undecided'],
  ]
  for (const [getKeySet, outcome] of cases) {
    expect(await refusal(() => verify(good, { keys: sourceOf(getKeySet) }))).toBe(outcome)
  }
  for (const wrong of [undefined, {}, { getKeySet: 5 }]) {
    expect(await refusal(() => verify(good, { keys: wrong as never }))).toBe('config config_error')
  }
})

test("a key of somebody's own that says neither yes nor no proves nothing, however true it looks", async () => {
  const answering = (answer: unknown, ...more: unknown[]): KeySource =>
    ({ getKeySet: () => ({ candidates: () => [answer, ...more].map((one) => ({ verify: () => one })) }) }) as never
  for (const answer of ['false', 'yes', 1, {}, [], new Date(), null, undefined, 0, '']) {
    for (const given of [answer, Promise.resolve(answer)]) {
      // oxlint-disable no-await-in-loop -- one after the other
      expect(await refusal(() => verify(good, { keys: answering(given) }))).toBe('undecided undecided')
      expect(await refusal(() => verify(good, { keys: answering(Promise.resolve(false), given) }))).toBe(
        'undecided undecided',
      )
      // oxlint-enable no-await-in-loop
    }
  }
  expect(await refusal(() => verify(good, { keys: answering(false, Promise.resolve(false)) }))).toBe(
    'not_acceptable bad_signature',
  )
  expect(await verify(good, { keys: answering(false, Promise.resolve(true)) })).toBeDefined()
})

test('a source of another copy of the package, with promises of its own kind, is heard', async () => {
  const set = await keys.getKeySet(issuer.issuer)
  const copy = { candidates: (alg: 'ES256', kid: string | undefined) => set.candidates(alg, kid) }
  const Foreign = runInNewContext('Promise') as PromiseConstructor
  expect(await verify(good, { keys: { getKeySet: () => Foreign.resolve(copy) as never } })).toBeDefined()
})

test('a caller may end the wait for keys', async () => {
  const never: KeySource = { getKeySet: () => new Promise(() => {}) }
  const stop = new AbortController()
  const pending = refusal(() => verify(good, { keys: never, signal: stop.signal }))
  stop.abort()
  expect(await pending).toBe('undecided aborted')
  expect(await refusal(() => verify(good, { keys: never, signal: stop.signal }))).toBe('undecided aborted')
})

test('of two keys with one kid, each is tried', async () => {
  const twin = await SigningKey.generate('ES256', { kid: key.kid })
  const both = new StaticKeys({ [issuer.issuer]: { keys: [twin.publicJwk, key.publicJwk] } })
  expect(await verify(good, { keys: both })).toBeDefined()
})

test('given keys answer at once when they are loaded, and refuse documents that are none', async () => {
  const given = new StaticKeys({ [issuer.issuer]: issuer.jwks, 'https://bad.example': [] })
  const first = await given.getKeySet(issuer.issuer)
  expect(given.getKeySet(issuer.issuer)).toBe(first)
  expect(first).toBeInstanceOf(KeySet)
  expect(await refusal(() => given.getKeySet('https://bad.example'))).toBe('config config_error')
  expect(await refusal(() => given.getKeySet('toString'))).toBe('not_acceptable untrusted_issuer')
})

test('a verified token is a SciToken whose claims are told apart', async () => {
  const token = await SciToken.deserialize(good, { keys })
  expect(token.verified?.issuer).toBe(issuer.issuer)
  expect([...token].map(([name]) => name)).toEqual(Object.keys(claims))
})
