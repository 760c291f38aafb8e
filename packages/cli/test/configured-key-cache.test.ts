import { needs } from '@scitokens-tests/programs'
import { createAuthority } from '@scitokens-tests/programs/authority'
import { startProxy } from '@scitokens-tests/programs/proxy-server'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { keyCacheSettings, readConfig } from '@scitokens/environment'
import { KeyCache } from '@scitokens/keycache'
import { expect, onTestFinished, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

test("the ini file's cache_lifetime and cache_location rule where and how long keys are kept", async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'scitokens.ini')
  writeFileSync(file, `[scitokens]\ncache_lifetime = 700000\ncache_location = ${directory}\n`)
  let healthy = true
  const server = createServer((request, response) => {
    const body = request.url === '/jwks' ? issuer.jwks : { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` }
    response.writeHead(healthy ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const issuer = await createTestIssuer({ issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const settings = keyCacheSettings(readConfig({ file }))
  expect(settings.cacheDir).toBe(join(directory, 'scitokens'))

  const cache = new KeyCache({
    issuers: [issuer.issuer],
    clock: issuer.clock,
    dangerouslyAllowLoopbackHttp: true,
    ...settings,
  })
  onTestFinished(() => cache.close())
  await cache.load(issuer.issuer)
  healthy = false
  issuer.clock.advance(699_999)
  expect((await cache.getKey(issuer.issuer, issuer.key.kid)).kid).toBe(issuer.key.kid)
  issuer.clock.advance(1)
  await expect(cache.getKey(issuer.issuer, issuer.key.kid)).rejects.toMatchObject({ code: 'issuer_unavailable' })
})

test('the proxy of the environment is asked for a tunnel, and no_proxy is heeded', needs('openssl'), async () => {
  const directory = temporaryDirectory()
  const authority = createAuthority(directory)
  const { key, cert } = authority.certify('localhost')
  const tls = createTlsServer({ key, cert }, (request, response) => {
    const body = request.url === '/jwks' ? vo.jwks : { issuer: vo.issuer, jwks_uri: `${vo.issuer}/jwks` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void tls.close())
  const vo = await createTestIssuer({ issuer: `https://localhost:${(tls.address() as AddressInfo).port}` })
  await using proxy = await startProxy()
  const add = async (env: Record<string, string>): Promise<number> => {
    proxy.tunnels.length = 0
    const args = ['keycache', 'add', vo.issuer, '--ca', authority.file, '--cache-dir', join(directory, 'cache')]
    const { status, stderr } = await scitokens(args, { env })
    expect([status, stderr]).toEqual([0, ''])
    await scitokens(['keycache', 'remove', vo.issuer, '--cache-dir', join(directory, 'cache')])
    return proxy.tunnels.length
  }
  expect(await add({ https_proxy: proxy.url })).toBeGreaterThan(0)
  expect(await add({ https_proxy: proxy.url, no_proxy: 'localhost' })).toBe(0)
})
