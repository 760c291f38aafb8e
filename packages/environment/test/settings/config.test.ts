import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type ConfigOptions, getConfig, readConfig, setConfig } from '../../src/index.ts'
import { refusal } from '../refusal.ts'
import { temporaryDirectory } from '../temporary.ts'

afterEach(() => vi.unstubAllEnvs())

function iniFile(text: string): string {
  const file = join(temporaryDirectory(), 'scitokens.ini')
  writeFileSync(file, text)
  return file
}

test('the defaults', () => {
  expect(readConfig()).toEqual({
    log_level: 'WARNING',
    log_file: undefined,
    cache_lifetime: 3600,
    cache_location: undefined,
    default_alg: 'ES256',
    'keycache.update_interval_s': 3600,
    'keycache.expiration_interval_s': 345_600,
    'keycache.cache_home': undefined,
    'keycache.allow_in_memory': false,
    'keycache.refresh_interval_ms': 60_000,
    'keycache.refresh_threshold_ms': 600_000,
    'tls.ca_file': undefined,
    'monitoring.file': undefined,
    'monitoring.file_interval_s': 60,
    unknownVariables: [],
  })
})

test('the ini file of the reference library works unchanged', () => {
  const file = iniFile(`# a comment
; another
[scitokens]
log_level = DEBUG
LOG_FILE=/var/log/scitokens.log
cache_lifetime = 60
cache_location = "/var/cache/my tokens"
default_alg = RS256
tls.ca_file = /etc/ca.pem

monitoring.file =
`)
  expect(readConfig({ file })).toMatchObject({
    log_level: 'DEBUG',
    log_file: '/var/log/scitokens.log',
    cache_lifetime: 60,
    cache_location: '/var/cache/my tokens',
    default_alg: 'RS256',
    'tls.ca_file': '/etc/ca.pem',
    'monitoring.file': undefined,
  })
  const windows = iniFile('\ufeff[scitokens]\r\ncache_lifetime=7\r\n')
  expect(readConfig({ file: windows }).cache_lifetime).toBe(7)
})

test('argument wins over environment, environment over file, file over default', () => {
  const file = iniFile('[scitokens]\ncache_lifetime = 1\nlog_level = INFO\n')
  const env = { SCITOKEN_CONFIG_CACHE_LIFETIME: '2' }
  const lifetime = (options: ConfigOptions): number => readConfig(options).cache_lifetime
  expect(lifetime({ file })).toBe(1)
  expect(lifetime({ file, env })).toBe(2)
  expect(lifetime({ file, env, values: { cache_lifetime: 3 } })).toBe(3)
  expect(readConfig({ file, env }).log_level).toBe('INFO')
})

test('variables are named as for scitokens-cpp, all in upper or all in lower case; empty ones count as not set', () => {
  const env = {
    SCITOKEN_CONFIG_KEYCACHE_UPDATE_INTERVAL_S: '5',
    SCITOKEN_CONFIG_keycache_allow_in_memory: '1',
    SCITOKEN_CONFIG_tls_ca_file: '/lower.pem',
    SCITOKEN_CONFIG_TLS_CA_FILE: '/upper.pem',
    SCITOKEN_CONFIG_LOG_LEVEL: '',
    SCITOKEN_CONFIG_JWKS_DOWNLOAD_TIMEOUT_S: '4',
    OTHER: 'x',
  }
  expect(readConfig({ env })).toMatchObject({
    'keycache.update_interval_s': 5,
    'keycache.allow_in_memory': true,
    'tls.ca_file': '/upper.pem',
    log_level: 'WARNING',
    unknownVariables: ['SCITOKEN_CONFIG_JWKS_DOWNLOAD_TIMEOUT_S'],
  })
})

test.each([
  [
    '[scitokens]\n\ncache_lifetme = 1\n',
    /scitokens\.ini", line 3: "cache_lifetme" is no setting: did you mean cache_lifetime\?$/,
  ],
  ['[scitokens]\nlog_level = LOUD\n', /line 2: log_level must be one of CRITICAL, .*, not "LOUD"$/],
  ['[scitokens]\n# x\ncache_lifetime = soon\n', /line 3: cache_lifetime must be a whole number of seconds/],
  ['[scitokens]\ncache_lifetime = -1\n', /line 2: cache_lifetime/],
  ['[scitokens]\ncache_lifetime = 1e9\n', /line 2: cache_lifetime/],
  ['[scitokens]\ndefault_alg = HS256\n', /line 2: default_alg/],
  ['[scitokens]\ndefault_alg = none\n', /line 2: default_alg/],
  ['[scitokens]\nlog_file = relative.log\n', /line 2: log_file must be an absolute path/],
  ['[scitokens]\nkeycache.allow_in_memory = maybe\n', /line 2: keycache\.allow_in_memory must be 0 or 1/],
  ['log_level = DEBUG\n', /line 1: the key "log_level" stands outside/],
  ['[scitoken]\nlog_level = DEBUG\n', /line 1: the section "scitoken" is not scitokens$/],
  ['[scitokens]\nlog_level = DEBUG\n[other]\nx = 1\n', /line 3: the section "other"/],
  ['[scitokens]\nlog_level\n', /line 2: the key "log_level" has no value$/],
  ['[scitokens]\nlog_level = INFO\nlog_level = DEBUG\n', /line 3: the key "log_level" was set in line 2 already$/],
  ['[scitokens]\n__proto__ = 1\n', /line 2: there is no setting here$/],
  ['[scitokens]\nconstructor = 1\n', /line 2: "constructor" is no setting: known are log_level,/],
])('an error names file, line and key: %j', async (text, message) => {
  const file = iniFile(text)
  expect(() => readConfig({ file })).toThrow(message)
  expect(await refusal(() => readConfig({ file }))).toBe('config config_error')
})

test('a bad variable or argument is named', () => {
  expect(() => readConfig({ env: { SCITOKEN_CONFIG_CACHE_LIFETIME: '1 h' } })).toThrow(
    'SCITOKEN_CONFIG_CACHE_LIFETIME must be a whole number of seconds, 0 or more, not "1 h"',
  )
  expect(() => readConfig({ values: { cache_lifetime: '1 h' as never } })).toThrow(/^cache_lifetime must be/)
  expect(() => readConfig({ values: { nothing: 1 } as never })).toThrow('"nothing" is no setting')
  for (const value of [Number.NaN, {}, null, -1]) {
    expect(() => readConfig({ values: { cache_lifetime: value as never } })).toThrow(/^cache_lifetime must be/)
  }
  expect(readConfig({ values: { cache_lifetime: undefined as never } }).cache_lifetime).toBe(3600)
})

test('a file that cannot be read is told', () => {
  expect(() => readConfig({ file: '/nowhere/x.ini' })).toThrow(/"\/nowhere\/x\.ini" cannot be read \(ENOENT\)$/)
  expect(() => readConfig({ file: temporaryDirectory() })).toThrow(/cannot be read \(EISDIR\)$/)
  expect(() => readConfig({ file: iniFile('#'.repeat(70_000)) })).toThrow(/larger than/)
})

test('setConfig changes what holds in this process, or nothing', () => {
  vi.stubEnv('SCITOKEN_CONFIG_CACHE_LIFETIME', '11')
  expect(getConfig().cache_lifetime).toBe(11)
  expect(setConfig({ log_level: 'DEBUG' })).toBe(getConfig())
  expect(getConfig()).toMatchObject({ log_level: 'DEBUG', cache_lifetime: 11 })
  const file = iniFile('[scitokens]\ncache_lifetime = 12\nlog_level = INFO\n')
  expect(setConfig(file)).toMatchObject({ log_level: 'INFO', cache_lifetime: 11 })
  expect(() => setConfig(iniFile('[scitokens]\nx = 1\n'))).toThrow('is no setting')
  expect(getConfig().log_level).toBe('INFO')
  expect(setConfig({}, {}).cache_lifetime).toBe(3600)
})
