import { describe, expect, test } from 'vitest'
import { SigningKey } from '@scitokens/core'
import { ClientAdmin } from '../../src/admin/client-admin.ts'
import { APP, basic, type Harness, startIssuerForPeople } from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

type Json = Record<string, unknown>

async function send(
  { issuer, url }: Harness,
  method: 'POST' | 'GET' | 'PUT' | 'DELETE',
  place: string,
  body?: unknown,
  bearer?: string,
): Promise<{ status: number; body: Json }> {
  const reply = await issuer.buildServer().inject({
    method,
    url: place.startsWith('http') ? new URL(place).pathname : new URL(url).pathname + place,
    ...(body === undefined ? {} : { payload: body as object }),
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  })
  return { status: reply.statusCode, body: reply.body === '' ? {} : reply.json<Json>() }
}

const OIDC_AGENT = {
  application_type: 'web',
  client_name: 'oidc-agent:acct',
  redirect_uris: [
    'http://localhost:8080',
    'http://localhost:20298',
    'http://localhost:4242',
    'edu.kit.data.oidc-agent:/redirect',
  ],
  response_types: [],
  grant_types: ['refresh_token', 'device_code'],
  scope: 'openid offline_access storage.read:/protected',
}

const start = (
  registration: object = { scopes: ['read:/store'], audiences: ['https://se.example.org'] },
): Promise<Harness> => startIssuerForPeople({ clients: [APP], registration })

describe('registration', () => {
  test('takes what oidc-agent sends: loopback and private scheme at once, storage scopes, no authentication method', async () => {
    const harness = await start()
    const reply = await send(harness, 'POST', '/register', OIDC_AGENT)
    expect(reply.status).toBe(201)
    expect(reply.body).toMatchObject({
      client_id: expect.any(String),
      client_secret: expect.any(String),
      client_secret_expires_at: 0,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: OIDC_AGENT.redirect_uris,
      grant_types: ['refresh_token', DEVICE],
      scope: OIDC_AGENT.scope,
    })
    const device = await harness.post(
      '/device_authorization',
      {},
      basic(reply.body['client_id'] as string, reply.body['client_secret'] as string),
    )
    expect(device.status).toBe(200)
    expect(harness.audit.events).toContainEqual(
      expect.objectContaining({ event: 'client_registered', address: '127.0.0.1' }),
    )
  })

  test('gives nothing that a person does not consent to', async () => {
    const harness = await start()
    const all = [
      'client_credentials',
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'refresh_token',
    ]
    const reply = await send(harness, 'POST', '/register', {
      redirect_uris: ['https://x.example/cb'],
      grant_types: all,
    })
    expect(reply.body['grant_types']).toEqual(['authorization_code', 'refresh_token'])
    const refused = await send(harness, 'POST', '/register', { grant_types: ['client_credentials'] })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  })

  test.each([
    [{ redirect_uris: ['http://evil.example/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://x.example/cb#fragment'] }, 'invalid_redirect_uri'],
    // What a URL parser would mend.
    [{ redirect_uris: ['https://x.example/c\tb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://x.example\\@evil.example/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https:x.example/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://x.example/cb'], client_uri: 'javascript:alert(1)' }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://x.example/cb'], client_uri: 'https://x.example/\n' }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://x.example/cb'], jwks_uri: 'http://169.254.169.254/' }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://x.example/cb'], scope: 'read:/../x' }, 'invalid_client_metadata'],
    [
      { redirect_uris: ['https://x.example/cb'], token_endpoint_auth_method: 'client_secret_jwt' },
      'invalid_client_metadata',
    ],
    [
      { redirect_uris: ['https://x.example/cb'], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [] } },
      'invalid_client_metadata',
    ],
    [{}, 'invalid_redirect_uri'],
    [['x'], 'invalid_client_metadata'],
  ])('refuses %j with %s', async (metadata, error) => {
    expect((await send(await start(), 'POST', '/register', metadata)).body['error']).toBe(error)
  })

  test('keeps only the public members of keys', async () => {
    const harness = await start()
    const key = await SigningKey.generate()
    const reply = await send(harness, 'POST', '/register', {
      redirect_uris: ['https://x.example/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.exportJwk()] },
    })
    expect(reply.status).toBe(201)
    expect(JSON.stringify(await harness.issuer.realms[0]!.store.list(harness.url, 'client'))).not.toContain('"d"')
    expect(reply.body).not.toHaveProperty('client_secret')
  })

  test('stores no secret', async () => {
    const harness = await start()
    const { body } = await send(harness, 'POST', '/register', OIDC_AGENT)
    const stored = JSON.stringify(await harness.issuer.realms[0]!.store.list(harness.url, 'client'))
    expect(stored).not.toContain(body['client_secret'])
    expect(stored).not.toContain(body['registration_access_token'])
  })

  test('is not there unless configured, asks for a token where configured, and is bounded per address', async () => {
    const closed = await startIssuerForPeople()
    expect((await send(closed, 'POST', '/register', OIDC_AGENT)).status).toBe(404)
    const guarded = await start({ initialAccessTokens: ['the-initial-access-token'] })
    expect((await send(guarded, 'POST', '/register', OIDC_AGENT)).status).toBe(401)
    expect((await send(guarded, 'POST', '/register', OIDC_AGENT, 'another-initial-access-token')).status).toBe(401)
    expect((await send(guarded, 'POST', '/register', OIDC_AGENT, 'the-initial-access-token')).status).toBe(201)
    const bounded = await start({ perAddressPerHour: 2 })
    const statuses = [1, 2, 3].map(async () => (await send(bounded, 'POST', '/register', OIDC_AGENT)).status)
    expect((await Promise.all(statuses)).toSorted((a, b) => a - b)).toEqual([201, 201, 429])
  })

  test('is bounded for an IPv6 network, whose holder has all of its addresses', async () => {
    const { issuer, url } = await start({ perAddressPerHour: 2 })
    const server = issuer.buildServer({ trustProxy: true })
    const from = async (address: string): Promise<number> => {
      const headers = { 'x-forwarded-for': address, 'content-type': 'application/json' }
      const place = `${new URL(url).pathname}/register`
      return (await server.inject({ method: 'POST', url: place, headers, payload: OIDC_AGENT })).statusCode
    }
    const addresses = ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:db8:0:1::1']
    const statuses: number[] = []
    // oxlint-disable-next-line no-await-in-loop -- counted one after the other
    for (const address of addresses) statuses.push(await from(address))
    expect(statuses).toEqual([201, 201, 429, 201])
  })
})

describe('management of a registered client', () => {
  test('reads, changes and removes it with its registration access token only', async () => {
    const harness = await start()
    const { body } = await send(harness, 'POST', '/register', OIDC_AGENT)
    const place = body['registration_client_uri'] as string
    const token = body['registration_access_token'] as string
    expect((await send(harness, 'GET', place)).status).toBe(401)
    expect((await send(harness, 'GET', place, undefined, `${token}x`)).status).toBe(401)
    expect((await send(harness, 'GET', place, undefined, token)).body).toMatchObject({ client_name: 'oidc-agent:acct' })
    const changed = await send(
      harness,
      'PUT',
      place,
      { ...OIDC_AGENT, client_id: body['client_id'], client_name: 'renamed' },
      token,
    )
    expect(changed.body).toMatchObject({ client_name: 'renamed' })
    expect((await send(harness, 'PUT', place, { ...OIDC_AGENT, client_id: 'app' }, token)).status).toBe(400)
    expect((await send(harness, 'DELETE', place, undefined, token)).status).toBe(204)
    expect((await send(harness, 'GET', place, undefined, token)).status).toBe(401)
    const device = await harness.post(
      '/device_authorization',
      {},
      basic(body['client_id'] as string, body['client_secret'] as string),
    )
    expect(device.status).toBe(401)
  })

  test.each([
    ['its name', { client_name: 'VO Portal' }, 'client_name'],
    ['where it says that it lives', { client_uri: 'https://evil.example' }, 'client_uri'],
    ['whom to ask', { contacts: ['root@evil.example'] }, 'contacts'],
    ['what it asks for', { scope: 'openid storage.modify:/' }, 'scope'],
    ['where people are sent', { redirect_uris: ['https://evil.example/cb'] }, 'redirect_uris'],
    [
      'where people are sent, one more',
      { redirect_uris: [...OIDC_AGENT.redirect_uris, 'https://evil.example/cb'] },
      'redirect_uris',
    ],
    ['the grants', { grant_types: ['refresh_token', 'device_code', 'authorization_code'] }, 'grant_types'],
  ])('takes the approval back when it changes %s, and the audit says so', async (_, change, name) => {
    const harness = await start()
    const { body } = await send(harness, 'POST', '/register', OIDC_AGENT)
    const id = body['client_id'] as string
    const admin = new ClientAdmin(harness.issuer.realms[0]!)
    await admin.update(id, { scopes: ['read:/store', 'write:/store/approved'], skipConsent: true })
    const client = () => harness.issuer.realms[0]!.clients.find(id)
    expect(await client()).toMatchObject({ selfRegistered: false, skipConsent: true })
    const put = (metadata: object) =>
      send(
        harness,
        'PUT',
        body['registration_client_uri'] as string,
        metadata,
        body['registration_access_token'] as string,
      )
    expect((await put({ ...OIDC_AGENT, redirect_uris: OIDC_AGENT.redirect_uris.toReversed() })).status).toBe(200)
    expect(await client()).toMatchObject({ selfRegistered: false })
    expect((await put({ ...OIDC_AGENT, ...change })).status).toBe(200)
    expect(await client()).toMatchObject({ selfRegistered: true, skipConsent: false })
    expect((await client())!.ceiling).toHaveLength(1)
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'client_changed',
      client: id,
      address: '127.0.0.1',
      detail: `${name}; the approval of an operator ended with this`,
    })
    // Going back to what was approved gives nothing back.
    await put(OIDC_AGENT)
    expect(await client()).toMatchObject({ selfRegistered: true })
  })

  test('takes the approval back when it changes the keys by which it is known', async () => {
    const harness = await start()
    const [first, second] = [await SigningKey.generate(), await SigningKey.generate()]
    const metadata = (key: SigningKey) => ({
      redirect_uris: ['https://x.example/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicJwk] },
    })
    const { body } = await send(harness, 'POST', '/register', metadata(first))
    const id = body['client_id'] as string
    await new ClientAdmin(harness.issuer.realms[0]!).update(id, { grants: ['client_credentials'] })
    const token = body['registration_access_token'] as string
    for (const [key, selfRegistered] of [
      [first, false],
      [second, true],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await send(harness, 'PUT', body['registration_client_uri'] as string, metadata(key), token)
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await harness.issuer.realms[0]!.clients.find(id)).toMatchObject({ selfRegistered })
    }
  })
})
