import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyCacheSettings, readConfig } from '../../src/index.ts'
import { temporaryDirectory } from '../temporary.ts'

test("the ini file's cache_lifetime and cache_location become options of the key cache", () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'scitokens.ini')
  writeFileSync(file, `[scitokens]\ncache_lifetime = 700000\ncache_location = ${directory}\n`)
  expect(keyCacheSettings(readConfig({ file }))).toMatchObject({
    cacheDir: join(directory, 'scitokens'),
    cacheLifetime: 700_000,
  })
})

test('what is not configured is left to the defaults of the cache', () => {
  expect(keyCacheSettings({})).toEqual({})
})

test('the names of scitokens-cpp are understood', () => {
  const env = {
    SCITOKEN_CONFIG_KEYCACHE_CACHE_HOME: '/var/cache',
    SCITOKEN_CONFIG_KEYCACHE_UPDATE_INTERVAL_S: '1200',
    SCITOKEN_CONFIG_KEYCACHE_EXPIRATION_INTERVAL_S: '86400',
    SCITOKEN_CONFIG_TLS_CA_FILE: '/etc/ca.pem',
  }
  expect(keyCacheSettings(readConfig({ env }))).toMatchObject({
    cacheDir: join('/var/cache', 'scitokens'),
    refreshAfter: 1200,
    usableFor: 86_400,
    ca: '/etc/ca.pem',
  })
})
