import { KeySet, TokenNotAcceptableError } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { MAX_FINGERPRINTED } from '../../src/verdicts/fingerprint.ts'
import { Enforcer, type ValidatedToken } from '../../src/index.ts'
import type { Verdict } from '../../src/enforcement/token-judge.ts'
import { VerdictCache } from '../../src/verdicts/verdict-cache.ts'

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

/** A token of some length; each test tells its tokens apart by names, which are all that their signatures are of. */
function tokenOf(name: string, length = 500): string {
  return `${name.padEnd(length, 'x')}.${name}`
}

function remember(cache: VerdictCache<Verdict>, name: string, verdict: Verdict, length?: number): void {
  cache.set(tokenOf(name, length), verdict)
}

function recall(cache: VerdictCache<Verdict>, name: string, length?: number): Verdict | undefined {
  return cache.find(tokenOf(name, length))
}

test('no more tokens are remembered than the limit', () => {
  const cache = new VerdictCache<Verdict>({ maxEntries: 100 })
  for (let i = 0; i < 5000; i++) remember(cache, `key ${i}`, good)
  expect(cache.size).toBe(100)
  expect(recall(cache, 'key 4999')).toBe(good)
  expect(recall(cache, 'key 0')).toBeUndefined()
})

test('no more memory is used than the limit, whatever the size of the tokens', () => {
  const cache = new VerdictCache<Verdict>({ maxBytes: 1_000_000 })
  for (let i = 0; i < 2000; i++) {
    remember(cache, `key ${i}`, i % 3 ? good : bad, (i * 7919) % 20_000)
    expect(cache.bytes).toBeLessThanOrEqual(1_000_000)
  }
  expect(cache.size).toBeGreaterThan(5)
})

test('one token that is larger than the whole cache is not remembered and drives nothing out', () => {
  const cache = new VerdictCache<Verdict>({ maxBytes: 100_000 })
  remember(cache, 'small', good, 500)
  remember(cache, 'large', good, 60_000)
  expect(recall(cache, 'large')).toBeUndefined()
  expect(recall(cache, 'small')).toBe(good)
})

test('a token in use outlives a flood of tokens that come once', () => {
  const cache = new VerdictCache<Verdict>({ maxEntries: 50 })
  remember(cache, 'in use', good, 500)
  for (let i = 0; i < 5000; i++) {
    remember(cache, `once ${i}`, good, 500)
    expect(recall(cache, 'in use')).toBe(good)
  }
})

test('a flood of bad tokens drives no good one out', () => {
  const cache = new VerdictCache<Verdict>({ maxEntries: 80 })
  for (let i = 0; i < 80; i++) remember(cache, `good ${i}`, good, 500)
  for (let i = 0; i < 5000; i++) remember(cache, `bad ${i}`, bad, 500)
  for (let i = 0; i < 80; i++) expect(recall(cache, `good ${i}`)).toBe(good)
  expect(cache.size).toBe(90)
})

test('a verdict that changes sides is held once', () => {
  const cache = new VerdictCache<Verdict>()
  remember(cache, 'key', bad, 500)
  remember(cache, 'key', good, 500)
  expect(cache.size).toBe(1)
  expect(recall(cache, 'key')).toBe(good)
  cache.delete(tokenOf('key'))
  expect([cache.size, cache.bytes]).toEqual([0, 0])
})

test.each([{ maxEntries: 0 }, { maxBytes: -1 }, { maxEntries: 1.5 }, { maxBytes: Number.NaN }])(
  'limits that are none are a wrong configuration: %o',
  (options) => {
    expect(() => new VerdictCache<Verdict>(options)).toThrow(expect.objectContaining({ code: 'config_error' }))
  },
)

test('a token is found only if every letter of it is the same', () => {
  const cache = new VerdictCache<Verdict>()
  const token = 'header.claims.signature'
  cache.set(token, good)
  expect(cache.find(['header', 'claims', 'signature'].join('.'))).toBe(good)
  for (let at = 0; at < token.length; at++) {
    const other = `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`
    expect(cache.find(other)).toBeUndefined()
    expect(cache.find(token.slice(0, at) + token.slice(at + 1))).toBeUndefined()
    expect(cache.find(`${token.slice(0, at)}\u0000${token.slice(at)}`)).toBeUndefined()
  }
  for (const other of [`${token}A`, `${token}\u0000\u0000`, `${token}.`, 'header.claims', 'signature', '.', '']) {
    expect(cache.find(other)).toBeUndefined()
  }
})

test('what has no signature, or one that no key makes, is not remembered and drives nothing out', () => {
  const cache = new VerdictCache<Verdict>()
  cache.set('header.claims.signature', good)
  for (const token of ['', 'no dot', 'header.claims.é', `header.claims.${'A'.repeat(MAX_FINGERPRINTED + 1)}`]) {
    cache.set(token, good)
    expect(cache.find(token)).toBeUndefined()
    cache.delete(token)
  }
  expect(cache.size).toBe(1)
})

test('of two tokens that share the first word of their fingerprints, the later one is kept, and neither is taken for the other', () => {
  // Keys with which the first word is only the length of a signature, and the second one tells them apart.
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const keys = array as Int32Array
    keys.fill(0)
    keys.set([0, 1, 0, 0])
    return array
  })
  onTestFinished(() => draw.mockRestore())
  const cache = new VerdictCache<Verdict>()
  cache.set('same.AA', good)
  expect(cache.find('same.BB')).toBeUndefined()
  cache.set('same.BB', good)
  expect(cache.find('same.BB')).toBe(good)
  expect(cache.find('same.AA')).toBeUndefined()
  expect(cache.size).toBe(1)
  cache.delete('same.AA')
  expect(cache.size).toBe(1)
})

test('a bad token with the signature of a good one does not drive it out', () => {
  const cache = new VerdictCache<Verdict>()
  cache.set('header.claims.signature', good)
  cache.set('header.other.signature', bad)
  expect(cache.find('header.claims.signature')).toBe(good)
  expect(cache.find('header.other.signature')).toBe(bad)
})
