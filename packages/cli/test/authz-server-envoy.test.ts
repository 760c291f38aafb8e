import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestIssuer } from '@scitokens/core/testing'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AUDIENCE,
  type AuthzServer,
  bearer,
  send,
  startAuthzServer,
  startIssuer,
  TRICKS,
} from './support/authz-server.ts'
import { startEnvoy } from './support/envoy.ts'
import { temporaryDirectory } from './support/scitokens.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

describe('with Envoy as its documentation describes it', () => {
  let issuer: TestIssuer
  let server: AuthzServer
  let url: string
  let ana: { authorization: string }

  beforeEach(async () => {
    issuer = await startIssuer()
    const at = { directory: temporaryDirectory(), issuer: issuer.issuer }
    server = await startAuthzServer(at, '--for', 'envoy', '--listen', '127.0.0.1:0')
    url = `127.0.0.1:${await startEnvoy(server.address, await startUpstream())}`
    ana = await bearer(issuer, 'read:/store write:/store/user/ana')
  })

  /** Tells what reached it. */
  async function startUpstream(): Promise<number> {
    const upstream = createServer(({ method, url: target, headers }, response) => {
      const names = ['x-scitokens-subject', 'x-scitokens-issuer', 'x-scitokens-path']
      response.end(JSON.stringify({ method, target, told: names.map((name) => headers[name]) }))
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    onTestFinished(() => {
      upstream.closeAllConnections()
      upstream.close()
    })
    return (upstream.address() as AddressInfo).port
  }

  it('what the token allows reaches the server behind, with who asks', async () => {
    const read = await send(url, 'GET', '/store/a%20b?x=1', { ...ana, 'x-scitokens-subject': 'root' })
    expect(read.status).toBe(200)
    expect(JSON.parse(read.body)).toEqual({
      method: 'GET',
      target: '/store/a%20b?x=1',
      told: ['ana', issuer.issuer, '/store/a%20b'],
    })
    expect(await send(url, 'PUT', '/store/user/ana/x', ana)).toMatchObject({ status: 200 })
    const destination = `http://${url}/store/user/ana/y`
    expect(await send(url, 'COPY', '/store/x', { ...ana, destination, host: url })).toMatchObject({ status: 200 })
  })

  it('the rest is refused, and the client is told why', async () => {
    expect(await send(url, 'GET', '/store/x')).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    const refused = await send(url, 'GET', '/top', ana)
    expect(refused.status).toBe(403)
    expect(refused.headers['www-authenticate']).toContain('scope="read:/top storage.read:/top"')
    expect(JSON.parse(refused.body)).toMatchObject({ error: 'insufficient_scope' })
    expect(await send(url, 'PUT', '/store/x', ana)).toMatchObject({ status: 403 })
    const destination = `http://${url}/store/user/ben/y`
    expect(await send(url, 'COPY', '/store/x', { ...ana, destination, host: url })).toMatchObject({ status: 403 })
    expect(await send(url, 'COPY', '/store/x', ana)).toMatchObject({ status: 400 })
    for (const target of TRICKS) {
      const { status } = await send(url, 'GET', target, ana)
      expect([400, 403], target).toContain(status)
    }
  })

  it('two Authorization fields, which Envoy joins, are not one', async () => {
    const other = await issuer.sign({ scope: 'read:/', aud: AUDIENCE })
    const authorization = [ana.authorization, `Bearer ${other}`]
    expect(await send(url, 'GET', '/store/x', { authorization })).toMatchObject({ status: 400 })
  })

  it('nothing passes while the authz-server is down', async () => {
    await server.stop()
    expect(await send(url, 'GET', '/store/x', ana)).toMatchObject({ status: 503 })
  })
})
