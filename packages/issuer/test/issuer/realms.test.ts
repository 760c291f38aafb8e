import { describe, expect, onTestFinished, test } from 'vitest'
import { openIssuer, type Issuer, type RealmOptions } from '@scitokens/issuer'
import { basic, ROBOT, SECRET } from '../support/harness.ts'

async function start(realms: readonly RealmOptions[]): Promise<ReturnType<Issuer['buildServer']>> {
  const issuer = await openIssuer({ realms, storage: { memory: true } })
  onTestFinished(() => issuer.close())
  return issuer.buildServer()
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

async function token(
  server: ReturnType<Issuer['buildServer']>,
  url: string,
  id: string,
  host = 'issuer.example',
): Promise<{ status: number; claims: Record<string, unknown> }> {
  const reply = await server.inject({
    method: 'POST',
    url,
    headers: { ...FORM, host, ...basic(id, SECRET) },
    payload: 'grant_type=client_credentials',
  })
  const [, payload] = String(reply.json().access_token ?? '..').split('.')
  return {
    status: reply.statusCode,
    claims: payload ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>) : {},
  }
}

describe('several issuers in one process', () => {
  test('by path have their own keys, clients, policy and metadata at all three places', async () => {
    const server = await start([
      { issuer: 'https://issuer.example/cms', clients: [{ ...ROBOT, clientId: 'cms' }] },
      {
        issuer: 'https://issuer.example/atlas',
        clients: [{ ...ROBOT, clientId: 'atlas', scopes: ['storage.read:/'] }],
        profile: 'wlcg:1.x',
      },
      { issuer: 'https://issuer.example', clients: [] },
    ])
    expect((await token(server, '/cms/token', 'cms')).claims).toMatchObject({
      iss: 'https://issuer.example/cms',
      ver: 'scitoken:2.0',
    })
    expect((await token(server, '/atlas/token', 'atlas')).claims).toMatchObject({
      iss: 'https://issuer.example/atlas',
      'wlcg.ver': '1.0',
    })
    expect((await token(server, '/atlas/token', 'cms')).status).toBe(401)
    const keys = await Promise.all(
      ['/cms/jwks', '/atlas/jwks', '/jwks'].map(async (url) => (await server.inject(url)).json().keys[0].kid),
    )
    expect(new Set(keys).size).toBe(3)
    for (const [path, issuer] of [
      ['/cms', 'https://issuer.example/cms'],
      ['/atlas', 'https://issuer.example/atlas'],
      ['', 'https://issuer.example'],
    ]) {
      for (const url of [
        `${path}/.well-known/openid-configuration`,
        `/.well-known/oauth-authorization-server${path}`,
        `${path}/.well-known/oauth-authorization-server`,
      ]) {
        expect((await server.inject(url)).json().issuer).toBe(issuer)
      }
    }
  })

  test('by host do not see each other, whatever the path', async () => {
    const server = await start([
      { issuer: 'https://cms.example', clients: [{ ...ROBOT, clientId: 'cms' }] },
      { issuer: 'https://atlas.example', clients: [{ ...ROBOT, clientId: 'atlas' }] },
    ])
    expect((await token(server, '/token', 'cms', 'cms.example')).claims['iss']).toBe('https://cms.example')
    expect((await token(server, '/token', 'atlas', 'atlas.example')).claims['iss']).toBe('https://atlas.example')
    expect((await token(server, '/token', 'atlas', 'cms.example')).status).toBe(401)
    expect((await server.inject({ url: '/jwks', headers: { host: 'other.example' } })).statusCode).toBe(404)
  })

  test('cannot be the same twice, and a mistake in one names it', async () => {
    await expect(start([{ issuer: 'https://a.example' }, { issuer: 'https://a.example/' }])).rejects.toMatchObject({
      message: expect.stringContaining('realms[1].issuer'),
    })
    await expect(
      start([
        { issuer: 'https://a.example' },
        { issuer: 'https://b.example', clients: [{ clientId: 'x', clientSecret: 'short' }] },
      ]),
    ).rejects.toMatchObject({
      message: expect.stringContaining('realms[1].clients[0].clientSecret'),
    })
  })

  test('an issuer without TLS is refused unless it is loopback and loudly allowed', async () => {
    await expect(start([{ issuer: 'http://issuer.example' }])).rejects.toMatchObject({ code: 'insecure_url' })
    await expect(start([{ issuer: 'http://127.0.0.1:1' }])).rejects.toMatchObject({ code: 'insecure_url' })
    await expect(
      openIssuer({ issuer: 'http://issuer.example', storage: { memory: true }, dangerouslyAllowLoopbackHttp: true }),
    ).rejects.toMatchObject({ code: 'insecure_url' })
  })
})
