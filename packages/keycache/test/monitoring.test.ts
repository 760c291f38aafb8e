import { createTestClock } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { cacheForTest, issuerForTest, until } from './fixture.ts'

test('counters have the names of scitokens-cpp, per issuer and in sum', async () => {
  const [good, dead] = [await issuerForTest(), await issuerForTest()]
  dead.fail(500)
  const cache = cacheForTest(good, { issuers: [good.issuer, dead.issuer] })
  await cache.hydrate()
  const monitoring = cache.monitoring()
  expect(Object.keys(monitoring)).toEqual([
    'successful_key_lookups',
    'failed_key_lookups',
    'failed_key_lookup_time_s',
    'expired_keys',
    'failed_refreshes',
    'stale_key_uses',
    'background_successful_refreshes',
    'background_failed_refreshes',
    'negative_cache_hits',
    'issuers',
  ])
  expect(monitoring).toMatchObject({ successful_key_lookups: 1, failed_key_lookups: 1, failed_refreshes: 0 })
  expect(monitoring.issuers[good.issuer]).toMatchObject({ successful_key_lookups: 1, failed_key_lookups: 0 })
  expect(monitoring.issuers[dead.issuer]).toMatchObject({ successful_key_lookups: 0, failed_key_lookups: 1 })
  expect(monitoring.failed_key_lookup_time_s).toBeGreaterThan(0)
})

test('issuers that are not trusted leave no trace in the counters', async () => {
  const server = await issuerForTest()
  const cache = cacheForTest(server)
  for (let index = 0; index < 100; index++) expect(() => cache.getKeySet(`https://forged-${index}.example`)).toThrow()
  expect(Object.keys(cache.monitoring().issuers)).toEqual([server.issuer])
})

test('stale uses, background refreshes and expired keys are counted and told', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock })
  await cache.load(server.issuer)
  clock.advance(3600)
  server.fail(500)
  void cache.getKeySet(server.issuer)
  void cache.getKeySet(server.issuer)
  await until(() => cache.monitoring().background_failed_refreshes === 1)
  server.fail(undefined)
  clock.advance(2)
  void cache.getKeySet(server.issuer)
  await until(() => cache.monitoring().background_successful_refreshes === 1)
  clock.advance(345_600)
  await cache.load(server.issuer)
  expect(cache.monitoring()).toMatchObject({
    stale_key_uses: 3,
    failed_refreshes: 1,
    expired_keys: 1,
    successful_key_lookups: 3,
  })

  const told = cache.events.filter(({ type }) => type !== 'store')
  expect(told.map(({ type }) => type)).toEqual([
    'refreshed',
    'stale_use',
    'refresh_failed',
    'refreshed',
    'expired',
    'refreshed',
  ])
  expect(told[1]).toMatchObject({ issuer: server.issuer, age: 3600 })
  expect(told[2]).toMatchObject({ background: true, failures: 1, keysUsableFor: 345_600 - 3600 })
  expect(told[3]).toMatchObject({ background: true, changed: false, keys: 1 })
})

test('a listener that throws does not disturb the cache', async () => {
  const server = await issuerForTest()
  const cache = cacheForTest(server, {
    onEvent: () => {
      throw new Error('the listener broke')
    },
  })
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
})

test('the status tells ages, keys, and the last failure', async () => {
  const server = await issuerForTest()
  const clock = createTestClock()
  const cache = cacheForTest(server, { clock, random: () => 0.999 })
  await cache.load(server.issuer)
  server.fail(500)
  await expect(cache.refresh(server.issuer)).rejects.toThrow()
  expect(cache.status()).toMatchObject({
    store: { location: 'memory', problem: undefined },
    issuers: [
      {
        issuer: server.issuer,
        age: 'fresh',
        kids: ['first'],
        jwksUri: server.jwksUri,
        fetchedAt: clock(),
        refreshAt: clock() + 3600,
        expiresAt: clock() + 345_600,
        trouble: { code: 'issuer_unavailable', failures: 1, failedAt: clock() },
      },
    ],
  })
})
