import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { keyCacheSettings, readConfig } from '@scitokens/environment'
import { KeyCache } from '@scitokens/keycache'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './support/scitokens.ts'

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
