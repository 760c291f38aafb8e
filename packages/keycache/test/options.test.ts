import { needs } from '@scitokens-tests/programs'
import { Agent } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyKeys, CppStore, KeyCache, type KeyCacheOptions, MemoryStore, SqliteStore } from '../src/index.ts'
import { defaultCacheDirectory } from '../src/store/location.ts'
import { cacheForTest, issuerForTest, temporaryDirectory } from './fixture.ts'
import { createAuthority } from '@scitokens-tests/programs/authority'
import { METADATA } from './issuer-server.ts'

const issuers = ['https://issuer.example']

test.each<Partial<KeyCacheOptions>>([
  { timeoutMs: 0 },
  { timeoutMs: Number.NaN },
  { maxRedirects: -1 },
  { maxRedirects: 4 },
  { redirectOrigins: 'https://keys.example' as unknown as string[] },
  { redirectOrigins: ['keys.example'] },
  { redirectOrigins: ['https://keys.example/'] },
  { redirectOrigins: ['https://keys.example/path'] },
  { redirectOrigins: ['*'] },
  { maxKeys: 0 },
  { updateEvery: 0 },
  { staleRefresh: 'never' as 'wait' },
  { proxies: { https: 'proxy.example:3128' } },
  { proxies: { https: 'http://proxy.example' }, agent: new Agent() },
  { proxies: { https: 'http://proxy.example' }, refuseSpecialAddresses: true },
  { http: () => Promise.reject(new Error('unused')), proxies: { https: 'http://proxy.example' } },
  { issuers: undefined as unknown as string[] },
  { issuers: 'https://issuer.example' as unknown as string[] },
  { issuer: issuers } as object,
  { usable_for: 60 } as object,
  { keycache: '/tmp' } as object,
  { usableFor: '60' as unknown as number },
  { usableFor: null as unknown as number },
  { maxRedirects: 1.5 },
  { refuseSpecialAddresses: 'true' as unknown as boolean },
  { refuseSpecialAdresses: true } as object,
  { tolerateTrailingSlash: 1 as unknown as boolean },
  { store: 'file' as 'memory' },
  { store: {} as 'memory' },
  { cacheDir: '' },
  { cppCache: {} as { file: string } },
  { cppCache: { file: '/x', writes: true } as { file: string } },
  { ca: [] },
  { ca: { dir: '/etc/grid-security/certificates' } as never },
  { lookup: 'dns' as never },
  { agent: {} as Agent },
  { onEvent: true as never },
  { clock: Date.now() as never },
])('options that make no sense are a configuration error: %o', (options) => {
  expect(() => new KeyCache({ issuers, store: 'memory', ...options })).toThrow(
    expect.objectContaining({ code: 'config_error' }),
  )
})

test('the default directory is that of the SciTokens libraries', () => {
  expect(defaultCacheDirectory('/xdg')).toBe('/xdg/scitokens')
  expect(defaultCacheDirectory('relative')).toBe(defaultCacheDirectory())
  expect(defaultCacheDirectory()).toMatch(/\.cache.scitokens$/)
  expect(defaultCacheDirectory(join(homedir(), 'x'))).toBe(join(homedir(), 'x', 'scitokens'))
})

test('an agent of your own makes the connections', needs('openssl'), async () => {
  const authority = createAuthority(temporaryDirectory())
  const server = await issuerForTest({ tls: authority.certify('localhost') })
  const agent = new Agent({ ca: authority.pem, maxSockets: 1 })
  let made = 0
  agent.on('free', () => {
    made++
  })
  await cacheForTest(server, { agent }).load(server.issuer)
  expect(made).toBeGreaterThan(0)
  agent.destroy()
})

test('a way to the network of your own gets every request, with its limits', async () => {
  const seen: [string, number][] = []
  const cache = cacheForTest(
    { issuer: issuers[0]! },
    {
      http: async ({ url, maxBytes }) => {
        seen.push([url.href, maxBytes])
        return { status: 404, headers: {}, body: new Uint8Array() }
      },
    },
  )
  await expect(cache.load(issuers[0]!)).rejects.toMatchObject({ code: 'discovery_failed' })
  expect(seen[0]).toEqual([`${issuers[0]}${METADATA}`, 262_144])
})

test('issuers see who asks', async () => {
  const server = await issuerForTest()
  const agents: (string | undefined)[] = []
  server.server.on('request', (request: { headers: Record<string, string> }) =>
    agents.push(request.headers['user-agent']),
  )
  await cacheForTest(server).load(server.issuer)
  await cacheForTest(server, { userAgent: 'site-checker/1' }).load(server.issuer)
  expect(agents).toEqual(['scitokens-js', 'scitokens-js', 'site-checker/1', 'site-checker/1'])
})

test('nothing is opened or contacted before the first question', async () => {
  const server = await issuerForTest()
  const cacheDir = join(temporaryDirectory(), 'cache')
  const cache = cacheForTest(server, { cacheDir, warn: (message) => expect.fail(message) })
  await cache.close()
  expect(server.requests).toEqual([])
  const { existsSync } = await import('node:fs')
  expect(existsSync(cacheDir)).toBe(false)
})

test('padded keys are read only by the option', async () => {
  const server = await issuerForTest()
  server.keys = [{ ...server.keys[0]!, x: `${server.keys[0]!.x}=` }]
  await expect(cacheForTest(server).load(server.issuer)).rejects.toMatchObject({ code: 'discovery_failed' })
  expect((await cacheForTest(server, { acceptPaddedKeys: true }).load(server.issuer)).keys).toHaveLength(1)
})

test('what is asked of a cache is read as strictly', async () => {
  const cache = new KeyCache({ issuers, store: 'memory' })
  const refusal = { code: 'config_error' }
  const store = new MemoryStore()
  for (const call of [
    () => cache.load(issuers[0]!, { abort: new AbortController().signal } as object),
    () => cache.refresh(issuers[0]!, { signal: true } as object),
    () => cache.getKey(issuers[0]!, 'kid', { kid: 'other' } as object),
    () => cache.add(issuers[0]!, { keys: [] } as object),
    () => cache.updateAll({ force: 'yes' } as object),
    () => copyKeys(store, store, { replace: 'all' } as object),
    () => copyKeys(store, store, { policy: { usable_for: 1 } } as object),
    async () => SqliteStore.open(join(temporaryDirectory(), 'keys'), { readonly: true } as object),
    async () => CppStore.open(join(temporaryDirectory(), 'keys'), { mode: 0o666 } as object),
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(call()).rejects.toMatchObject(refusal)
  }
})
