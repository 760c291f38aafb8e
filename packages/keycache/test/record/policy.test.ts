import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ageOf,
  agesFrom,
  backingOff,
  clampAges,
  createPolicy,
  judgeLease,
  type Policy,
  waitAfter,
} from '../../src/record/policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from '../../src/record/record.ts'

const policy = createPolicy()
const NOW = 1_800_000_000

function record(fetchedAt: number, overrides: Partial<KeyRecord> = {}): KeyRecord {
  const source = { jwksUri: undefined, etag: undefined, lastModified: undefined }
  const ages = agesFrom(fetchedAt, undefined, policy)
  return { issuer: 'https://i.example', jwks: { keys: [] }, ...source, fetchedAt, ...ages, attempt: 1, ...overrides }
}

function trouble(retryAt: number): Trouble {
  return { failures: 1, failedAt: retryAt - 1, retryAt, code: 'issuer_unavailable', message: 'down' }
}

function stored(overrides: Partial<StoredIssuer> = {}): StoredIssuer {
  return { ...unknownIssuer('https://i.example'), ...overrides }
}

const judge = (state: StoredIssuer, purpose: 'due' | 'unknown_kid' | 'asked', now = NOW): string =>
  judgeLease(state, { purpose, now, leaseFor: 11, policy })

test('defaults: refreshed after one hour, moved by headers between ten minutes and six hours, usable for four days', () => {
  expect(policy).toEqual({
    refreshAfter: 3600,
    minRefresh: 600,
    maxRefresh: 21_600,
    usableFor: 345_600,
    cooldown: 30,
    minBackoff: 1,
    maxBackoff: 300,
  })
})

test('cache_lifetime is the least time a key is kept: it lengthens four days and never shortens them', () => {
  expect(createPolicy({ cacheLifetime: 700_000 }).usableFor).toBe(700_000)
  expect(createPolicy({ cacheLifetime: 3600 }).usableFor).toBe(345_600)
})

test.each([
  { refreshAfter: -1 },
  { usableFor: Number.NaN },
  { refreshAfter: 60, minRefresh: 600 },
  { refreshAfter: 7200, maxRefresh: 3600 },
  { minBackoff: 0 },
  { minBackoff: 10, maxBackoff: 5 },
])('numbers that make no sense are a configuration error: %o', (options) => {
  expect(() => createPolicy(options)).toThrow(expect.objectContaining({ code: 'config_error' }))
})

test('a record is fresh, then stale, then expired, and the first moment of each age belongs to it', () => {
  const keys = record(NOW)
  expect(ageOf(undefined, NOW)).toBe('none')
  expect(ageOf(keys, NOW)).toBe('fresh')
  expect(ageOf(keys, NOW + 3599)).toBe('fresh')
  expect(ageOf(keys, NOW + 3600)).toBe('stale')
  expect(ageOf(keys, NOW + 345_599)).toBe('stale')
  expect(ageOf(keys, NOW + 345_600)).toBe('expired')
})

test('a record from the future is stale as far as clocks differ, and else expired: its age cannot be known', () => {
  expect(ageOf(record(NOW + 1), NOW)).toBe('stale')
  expect(ageOf(record(NOW + 60), NOW)).toBe('stale')
  expect(ageOf(record(NOW + 61), NOW)).toBe('expired')
  // A clock that tells no number, or a number that was never stored.
  expect(ageOf(record(NOW), Number.NaN)).toBe('expired')
  expect(ageOf(record(Number.NaN), NOW)).toBe('expired')
  expect(ageOf(record(NOW + 10 * 31_557_600), NOW)).toBe('expired')
})

test.each([
  [undefined, 3600],
  [0, 600],
  [599, 600],
  [1800, 1800],
  [86_400, 21_600],
])('headers that grant %s seconds make keys fresh for %i', (freshness, expected) => {
  expect(agesFrom(NOW, freshness, policy)).toEqual({ refreshAt: NOW + expected, expiresAt: NOW + 345_600 })
})

test('a file cannot make keys live longer than this process would', () => {
  const clamped = clampAges(record(NOW, { refreshAt: Infinity, expiresAt: Infinity }), policy)
  expect(clamped).toMatchObject({ refreshAt: NOW + 21_600, expiresAt: NOW + 345_600 })
})

test('back-off begins near one second, doubles, and ends at five minutes', () => {
  const waits = Array.from({ length: 12 }, (_, failures) => waitAfter(failures + 1, policy, () => 1, undefined))
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
})

test('an issuer that asks for time gets it, but not more than the longest back-off', () => {
  expect(waitAfter(1, policy, () => 0, 120)).toBe(120)
  expect(waitAfter(1, policy, () => 0, 1e9)).toBe(300)
})

test('back-off is spread over its upper half and never leaves its bounds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const wait = waitAfter(failures, policy, () => random, undefined)
      const full = waitAfter(failures, policy, () => 1, undefined)
      expect(wait).toBeGreaterThanOrEqual(full / 2)
      expect(wait).toBeLessThanOrEqual(full)
      expect(full).toBeLessThanOrEqual(policy.maxBackoff)
    }),
  )
})

test('a retry time further ahead than any back-off was written by another clock and does not count', () => {
  expect(backingOff(trouble(NOW + 300), NOW, policy)).toBe(true)
  expect(backingOff(trouble(NOW + 301), NOW, policy)).toBe(false)
  expect(backingOff(trouble(NOW), NOW, policy)).toBe(false)
})

test('fresh keys are not fetched because they are due', () => {
  expect(judge(stored({ keys: record(NOW - 10) }), 'due')).toBe('fresh')
  expect(judge(stored({ keys: record(NOW - 3600) }), 'due')).toBe('go')
})

test('keys that another process calls fresh for longer are judged by this one', () => {
  expect(judge(stored({ keys: record(NOW - 30_000, { refreshAt: NOW + 1e6 }) }), 'due')).toBe('go')
})

test('damaged keys count as none', () => {
  const request = { purpose: 'due', now: NOW, leaseFor: 11, policy, ignoreKeys: true } as const
  expect(judgeLease(stored({ keys: record(NOW) }), request)).toBe('go')
})

test('an unknown kid may cause a fetch only when the last contact is longer ago than the cooldown', () => {
  expect(judge(stored({ keys: record(NOW - 29) }), 'unknown_kid')).toBe('cooldown')
  expect(judge(stored({ keys: record(NOW - 30) }), 'unknown_kid')).toBe('go')
})

test('after a failure neither age nor unknown kid may fetch before the back-off is over, but a person may', () => {
  const state = stored({ keys: record(NOW - 4000), trouble: trouble(NOW + 5) })
  expect(judge(state, 'due')).toBe('backing_off')
  expect(judge(state, 'unknown_kid')).toBe('backing_off')
  expect(judge(state, 'asked')).toBe('go')
  expect(judge(state, 'due', NOW + 5)).toBe('go')
})

test('a failed attempt within the cooldown is tried again after its back-off: it answered nothing', () => {
  expect(judge(stored({ keys: record(NOW - 5), trouble: trouble(NOW - 1) }), 'unknown_kid')).toBe('go')
})

test('while one process fetches, others wait; a lease that is too long to be true does not count', () => {
  expect(judge(stored({ leasedUntil: NOW + 11 }), 'due')).toBe('leased')
  expect(judge(stored({ leasedUntil: NOW }), 'due')).toBe('go')
  expect(judge(stored({ leasedUntil: NOW + 1000 }), 'due')).toBe('go')
})

/** Attempts that a client makes within `seconds` when the issuer always fails and requests come as often as they like. */
function attemptsUnderFire(
  seconds: number,
  requestsAt: readonly number[],
  jitter: readonly number[],
  rules: Policy,
): number {
  let state = stored()
  let attempts = 0
  for (const offset of requestsAt.toSorted((a, b) => a - b)) {
    const now = NOW + Math.min(offset, seconds)
    if (judgeLease(state, { purpose: 'due', now, leaseFor: 11, policy: rules }) !== 'go') continue
    attempts++
    const failures = (state.trouble?.failures ?? 0) + 1
    const retryAt = now + waitAfter(failures, rules, () => jitter[failures % jitter.length]!, undefined)
    state = { ...state, trouble: { failures, failedAt: now, retryAt, code: 'issuer_unavailable', message: '' } }
  }
  return attempts
}

test('however many requests come in an hour, a dead issuer is asked at most about once per five minutes in the end', () => {
  const hour = fc.double({ min: 0, max: 3600, noNaN: true })
  const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.array(hour, { maxLength: 2000 }), fc.array(unit, { minLength: 1 }), (requests, jitter) => {
      // Ten attempts until the back-off is at its cap, then at least 150 s between two.
      expect(attemptsUnderFire(3600, requests, jitter, policy)).toBeLessThanOrEqual(10 + 3600 / 150)
    }),
  )
})
