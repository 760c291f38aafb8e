import { KeySet, TokenNotAcceptableError } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer, type ValidatedToken } from '../src/index.ts'
import { type Verdict, VerdictCache } from '../src/verdict-cache.ts'

let good: Verdict
let bad: Verdict

beforeAll(async () => {
  const issuer = await createTestIssuer()
  const enforcer = new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience: 'a', clock: issuer.clock })
  const outcome: ValidatedToken = await enforcer.validate(await issuer.sign({ aud: 'a', scope: 'read:/' }))
  const keySet = await KeySet.fromJwks(issuer.jwks)
  const rest = { issuer: issuer.issuer, kid: undefined, keySet, configuration: {} as Verdict['configuration'] }
  good = { ...rest, outcome }
  bad = { ...rest, outcome: new TokenNotAcceptableError('bad_signature', 'no') }
})

/** The part before the dot tells tokens apart; each test names its tokens by keys. */
function remember(cache: VerdictCache, key: string, verdict: Verdict, length = 500): void {
  cache.set(key, key.padEnd(length, 'x'), verdict)
}

function recall(cache: VerdictCache, key: string, length = 500): Verdict | undefined {
  return cache.get(key, key.padEnd(length, 'x'))
}

test('no more tokens are remembered than the limit', () => {
  const cache = new VerdictCache({ maxEntries: 100 })
  for (let i = 0; i < 5000; i++) remember(cache, `key ${i}`, good)
  expect(cache.size).toBe(100)
  expect(recall(cache, 'key 4999')).toBe(good)
  expect(recall(cache, 'key 0')).toBeUndefined()
})

test('no more memory is used than the limit, whatever the size of the tokens', () => {
  const cache = new VerdictCache({ maxBytes: 1_000_000 })
  for (let i = 0; i < 2000; i++) {
    remember(cache, `key ${i}`, i % 3 ? good : bad, (i * 7919) % 20_000)
    expect(cache.bytes).toBeLessThanOrEqual(1_000_000)
  }
  expect(cache.size).toBeGreaterThan(5)
})

test('one token that is larger than the whole cache is not remembered and drives nothing out', () => {
  const cache = new VerdictCache({ maxBytes: 100_000 })
  remember(cache, 'small', good, 500)
  remember(cache, 'large', good, 60_000)
  expect(recall(cache, 'large')).toBeUndefined()
  expect(recall(cache, 'small')).toBe(good)
})

test('a token in use outlives a flood of tokens that come once', () => {
  const cache = new VerdictCache({ maxEntries: 50 })
  remember(cache, 'in use', good, 500)
  for (let i = 0; i < 5000; i++) {
    remember(cache, `once ${i}`, good, 500)
    expect(recall(cache, 'in use')).toBe(good)
  }
})

test('a flood of bad tokens drives no good one out', () => {
  const cache = new VerdictCache({ maxEntries: 80 })
  for (let i = 0; i < 80; i++) remember(cache, `good ${i}`, good, 500)
  for (let i = 0; i < 5000; i++) remember(cache, `bad ${i}`, bad, 500)
  for (let i = 0; i < 80; i++) expect(recall(cache, `good ${i}`)).toBe(good)
  expect(cache.size).toBe(90)
})

test('a verdict that changes sides is held once', () => {
  const cache = new VerdictCache()
  remember(cache, 'key', bad, 500)
  remember(cache, 'key', good, 500)
  expect(cache.size).toBe(1)
  expect(recall(cache, 'key')).toBe(good)
  cache.delete('key')
  expect([cache.size, cache.bytes]).toEqual([0, 0])
})

test.each([{ maxEntries: 0 }, { maxBytes: -1 }, { maxEntries: 1.5 }, { maxBytes: Number.NaN }])(
  'limits that are none are a wrong configuration: %o',
  (options) => {
    expect(() => new VerdictCache(options)).toThrow(expect.objectContaining({ code: 'config_error' }))
  },
)

/** The name of a token of which the part before the last dot matters not. */
function keyOf(cache: VerdictCache, signature: string): string {
  return cache.key(`header.claims.${signature}`, 'header.claims'.length)!
}

test('a token is looked for by the fingerprint of its signature, and found only if all of it is the same', () => {
  const cache = new VerdictCache()
  const key = keyOf(cache, 'signature')
  expect(key).not.toContain('signature')
  expect(keyOf(cache, 'signature')).toBe(key)
  expect(keyOf(cache, 'signaturf')).not.toBe(key)
  cache.set(key, 'header.claims', good)
  expect(cache.get(key, 'header.claims')).toBe(good)
  for (const other of ['header.claimx', 'headerxclaims', 'header.claims.', 'header', '']) {
    expect(cache.get(key, other)).toBeUndefined()
  }
})

test('a bad token with the signature of a good one does not drive it out', () => {
  const cache = new VerdictCache()
  const key = keyOf(cache, 'signature')
  cache.set(key, 'header.claims', good)
  cache.set(key, 'header.other', bad)
  expect(cache.get(key, 'header.claims')).toBe(good)
  expect(cache.get(key, 'header.other')).toBe(bad)
})
