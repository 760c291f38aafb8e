import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@scitokens/core/node'
import { createTestClock } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { optionsFromConfig } from '../../src/settings/key-cache-settings.ts'
import { cacheForTest, issuerForTest, temporaryDirectory } from '../../../keycache/test/fixture.ts'

test("the ini file's cache_lifetime and cache_location rule where and how long keys are kept", async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'scitokens.ini')
  writeFileSync(file, `[scitokens]\ncache_lifetime = 700000\ncache_location = ${directory}\n`)
  const server = await issuerForTest()
  const clock = createTestClock()
  const options = optionsFromConfig(readConfig({ file }))
  expect(options.cacheDir).toBe(join(directory, 'scitokens'))
  const cache = cacheForTest(server, { clock, ...options })
  await cache.load(server.issuer)
  server.fail(500)
  clock.advance(699_999)
  expect((await cache.getKey(server.issuer, 'first')).kid).toBe('first')
  clock.advance(1)
  await expect(cache.getKey(server.issuer, 'first')).rejects.toMatchObject({ code: 'issuer_unavailable' })
})

test('what is not configured is left to the defaults of the cache', () => {
  expect(optionsFromConfig({})).toEqual({})
})

test('the names of scitokens-cpp are understood', () => {
  const env = {
    SCITOKEN_CONFIG_KEYCACHE_CACHE_HOME: '/var/cache',
    SCITOKEN_CONFIG_KEYCACHE_UPDATE_INTERVAL_S: '1200',
    SCITOKEN_CONFIG_KEYCACHE_EXPIRATION_INTERVAL_S: '86400',
    SCITOKEN_CONFIG_TLS_CA_FILE: '/etc/ca.pem',
  }
  expect(optionsFromConfig(readConfig({ env }))).toMatchObject({
    cacheDir: join('/var/cache', 'scitokens'),
    refreshAfter: 1200,
    usableFor: 86_400,
    ca: '/etc/ca.pem',
  })
})
