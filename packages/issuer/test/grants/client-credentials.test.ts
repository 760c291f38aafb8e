import { describe, expect, test } from 'vitest'
import { basic, ROBOT, SECRET, startIssuer } from '../support/harness.ts'

const CC = { grant_type: 'client_credentials' }

describe('client_credentials', () => {
  test('gives a SciToken 2.0 with every claim that verifiers of the field demand', async () => {
    const { token, claims, url, clock } = await startIssuer()
    const reply = await token({ ...CC, scope: 'read:/store/data' })
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'read:/store/data' })
    expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' })
    expect(await claims(reply.body['access_token'] as string)).toEqual({
      ver: 'scitoken:2.0',
      iss: url,
      sub: 'robot',
      aud: 'https://se.example.org',
      client_id: 'robot',
      scope: 'read:/store/data',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: clock.now - 60,
      nbf: clock.now - 60,
      exp: clock.now + 3600,
    })
  })

  test('writes one audit line per token, with its jti, before the token leaves', async () => {
    const { token, claims, audit } = await startIssuer()
    const reply = await token({ ...CC, scope: 'read:/store' })
    const { jti } = await claims(reply.body['access_token'] as string)
    expect(audit.events).toEqual([
      expect.objectContaining({
        event: 'token_issued',
        client: 'robot',
        subject: 'robot',
        grant: 'client_credentials',
        jti,
        scope: 'read:/store',
        audience: ['https://se.example.org'],
        address: '127.0.0.1',
      }),
    ])
    expect(JSON.stringify(audit.events)).not.toContain((reply.body['access_token'] as string).split('.')[2])
  })

  test('gives no token when its audit line cannot be written', async () => {
    const { token } = await startIssuer({}, { audit: { write: () => Promise.reject(new Error('disk full')) } })
    const reply = await token(CC)
    expect(reply.status).toBe(500)
    expect(reply.body).toEqual({ error: 'server_error', error_description: 'something went wrong here' })
  })

  test('takes Basic and the body interchangeably, never both', async () => {
    const { token } = await startIssuer()
    const body = { ...CC, client_id: 'robot', client_secret: SECRET }
    expect((await token(CC)).status).toBe(200)
    expect((await token(body, {})).status).toBe(200)
    expect((await token({ ...CC, client_id: 'robot' })).status).toBe(200)
    expect(await token(body)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await token({ ...CC, client_id: 'other' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    })
  })

  test('reads Basic both form-encoded and as it is', async () => {
    const secret = 'a+secret/with%special&characters'
    const { token } = await startIssuer({ clients: [{ ...ROBOT, clientId: 'odd id:1', clientSecret: secret }] })
    const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')
    expect((await token(CC, basic(encoded('odd id:1'), encoded(secret)))).status).toBe(200)
    const { token: plain } = await startIssuer({ clients: [{ ...ROBOT, clientSecret: secret }] })
    expect((await plain(CC, basic('robot', secret))).status).toBe(200)
  })

  test('refuses a wrong secret and an unknown client alike: 401, a Basic challenge, no hint which it was', async () => {
    const { token } = await startIssuer()
    const wrong = await token(CC, basic('robot', 'not-the-secret-at-all'))
    const unknown = await token(CC, basic('nobody', SECRET))
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(wrong.headers['www-authenticate']).toMatch(/^Basic /)
    expect(unknown.body).toEqual(wrong.body)
    expect((await token(CC, {})).status).toBe(401)
    expect((await token(CC, basic('robot', ''))).status).toBe(401)
  })

  test('takes every one of several secrets while one is being changed', async () => {
    const { token } = await startIssuer({
      clients: [{ ...ROBOT, clientSecret: [SECRET, 'the-next-generated-secret'] }],
    })
    expect((await token(CC, basic('robot', 'the-next-generated-secret'))).status).toBe(200)
    expect((await token(CC)).status).toBe(200)
  })

  test('stores nothing', async () => {
    const { token, issuer, url } = await startIssuer()
    for (let i = 0; i < 20; i++) await token(CC)
    const store = issuer.realms[0]!.store
    const kinds = ['code', 'family', 'revoked', 'used', 'device', 'client', 'lease'] as const
    expect(await Promise.all(kinds.map((kind) => store.list(url, kind)))).toEqual(kinds.map(() => []))
    expect(await store.list(url, 'signing_key')).toHaveLength(1)
  })
})

describe('scope', () => {
  test.each([
    ['read:/store', 'read:/store'],
    ['read:/', 'read:/store'],
    ['read:/store/a write:/store/user/robot/x', 'read:/store/a write:/store/user/robot/x'],
    ['write:/store', 'write:/store/user/robot'],
    ['compute.read read:/elsewhere', 'compute.read'],
  ])('asked for %s, grants %s', async (asked, granted) => {
    const { token, claims } = await startIssuer()
    const reply = await token({ ...CC, scope: asked })
    expect(reply.body['scope']).toBe(granted)
    expect((await claims(reply.body['access_token'] as string))['scope']).toBe(granted)
  })

  test('grants everything allowed, or the default scopes, where nothing was asked for', async () => {
    const { token } = await startIssuer()
    expect((await token(CC)).body['scope']).toBe('read:/store write:/store/user/robot compute.read')
    const narrow = await startIssuer({ clients: [{ ...ROBOT, defaultScopes: ['read:/store/public'] }] })
    expect((await narrow.token(CC)).body['scope']).toBe('read:/store/public')
  })

  test.each([
    'read:/other',
    'write:/storeX',
    'read:/storeX',
    'admin',
    'read:/store/../etc',
    'read:/store/%2e%2e',
    'read:/store/%2Fx',
    'read',
    'read:store',
  ])('refuses %s', async (scope) => {
    const { token } = await startIssuer()
    expect(await token({ ...CC, scope })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test.each(['read:/store/a%20b', 'read:/store/%C3%A9', 'read:/store/*'])(
    'never signs %s, which some servers misread',
    async (scope) => {
      const { token } = await startIssuer()
      expect(await token({ ...CC, scope })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    },
  )

  test('a subject is never empty', async () => {
    await expect(startIssuer({ clients: [{ ...ROBOT, subject: '' }] })).rejects.toMatchObject({ code: 'config_error' })
  })

  test.each(['../root', 'a/b', '..', '.', 'a%2fb', 'a b', 'x\u0000y', 'a\\b', '*'])(
    'a subject %j never leaves its path component',
    async (subject) => {
      const { token } = await startIssuer({ clients: [{ ...ROBOT, subject }] })
      const reply = await token({ ...CC, scope: 'write:/' })
      expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    },
  )
})

describe('the token endpoint', () => {
  test('ignores unknown and empty parameters', async () => {
    const { token } = await startIssuer()
    const reply = await token([
      ['grant_type', 'client_credentials'],
      ['code', ''],
      ['scope', ''],
      ['colour', 'a'],
      ['colour', 'b'],
    ])
    expect(reply.status).toBe(200)
  })

  test.each(['grant_type', 'scope', 'client_id', 'expires_in'])('refuses %s when it comes twice', async (name) => {
    const { token } = await startIssuer()
    const form: [string, string][] = [
      ['grant_type', 'client_credentials'],
      [name, 'x'],
      [name, 'x'],
    ]
    expect(await token(form)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('names what is missing or not supported', async () => {
    const { token } = await startIssuer()
    expect((await token({})).body['error']).toBe('invalid_request')
    expect((await token({ grant_type: 'password' })).body['error']).toBe('unsupported_grant_type')
  })

  test('lets a client shorten the life of a token, never lengthen it', async () => {
    const { token } = await startIssuer()
    expect((await token({ ...CC, expires_in: '60' })).body['expires_in']).toBe(60)
    expect((await token({ ...CC, expires_in: '999999' })).body['expires_in']).toBe(3600)
    expect((await token({ ...CC, expires_in: '-1' })).body['error']).toBe('invalid_request')
  })

  test('answers other content types, large bodies and other methods with an OAuth error', async () => {
    const { issuer } = await startIssuer()
    const server = issuer.buildServer()
    const json = await server.inject({
      method: 'POST',
      url: '/vo/token',
      payload: { grant_type: 'client_credentials' },
    })
    expect([json.statusCode, json.json().error]).toEqual([400, 'invalid_request'])
    const large = await server.inject({
      method: 'POST',
      url: '/vo/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `scope=${'x'.repeat(1_000_000)}`,
    })
    expect([large.statusCode, large.json().error]).toEqual([413, 'invalid_request'])
    const empty = await server.inject({ method: 'POST', url: '/vo/token' })
    expect([empty.statusCode, empty.json().error]).toEqual([400, 'invalid_request'])
  })
})

describe('audience', () => {
  test('may be repeated, separated by spaces, and come as resource; all is united', async () => {
    const { token, claims } = await startIssuer({
      clients: [{ ...ROBOT, audiences: ['https://se.example.org', 'xrd.host.name', 'https://ce.example.org'] }],
    })
    const reply = await token([
      ['grant_type', 'client_credentials'],
      ['audience', 'xrd.host.name https://se.example.org'],
      ['audience', 'xrd.host.name'],
      ['resource', 'https://ce.example.org'],
    ])
    const { aud } = await claims(reply.body['access_token'] as string)
    expect(aud).toEqual(['xrd.host.name', 'https://se.example.org', 'https://ce.example.org'])
  })

  test('is refused as a whole when one of it is not allowed', async () => {
    const { token } = await startIssuer()
    const reply = await token({ ...CC, audience: 'https://se.example.org https://evil.example' })
    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  test.each(['ANY', 'https://wlcg.cern.ch/jwt/v1/any'])(
    '%s is given only where it is configured by name',
    async (audience) => {
      const wildcard = await startIssuer({ clients: [{ ...ROBOT, audiences: ['*'] }] })
      expect((await wildcard.token({ ...CC, audience })).body['error']).toBe('invalid_target')
      expect((await wildcard.token({ ...CC, audience: 'any.host' })).status).toBe(200)
      const named = await startIssuer({ clients: [{ ...ROBOT, audiences: [audience] }] })
      expect((await named.token({ ...CC, audience })).status).toBe(200)
    },
  )

  test('must be named where the client has no default', async () => {
    const { token } = await startIssuer({
      clients: [{ clientId: 'robot', clientSecret: SECRET, scopes: ['read:/'], audiences: ['*'] }],
    })
    expect((await token(CC)).body['error']).toBe('invalid_target')
  })
})

describe('the profile', () => {
  test('is WLCG where the client or the request says so, with wlcg.ver 1.0 and no ver', async () => {
    const { token, claims } = await startIssuer({ clients: [{ ...ROBOT, scopes: ['storage.read:/'] }] })
    const asked = await token({ ...CC, scope: 'storage.read:/ wlcg' })
    const token1 = await claims(asked.body['access_token'] as string)
    expect(token1).toMatchObject({ 'wlcg.ver': '1.0', scope: 'storage.read:/' })
    expect(token1).not.toHaveProperty('ver')
    const configured = await startIssuer({ clients: [{ ...ROBOT, profile: 'wlcg:1.x' }] })
    const reply = await configured.token(CC)
    expect(await configured.claims(reply.body['access_token'] as string)).toHaveProperty(['wlcg.ver'], '1.0')
  })

  test('signs with RS256 for the client that needs it, and publishes both keys', async () => {
    const { token, issuer, claims } = await startIssuer({
      clients: [ROBOT, { ...ROBOT, clientId: 'old', algorithm: 'RS256' }],
    })
    const reply = await token(CC, basic('old', SECRET))
    const header = JSON.parse(
      Buffer.from((reply.body['access_token'] as string).split('.')[0]!, 'base64url').toString(),
    )
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) })
    await claims(reply.body['access_token'] as string)
    const jwks = (await issuer.buildServer().inject('/vo/jwks')).json()
    expect(jwks.keys.map((key: { alg: string }) => key.alg)).toEqual(['ES256', 'RS256'])
  })
})
