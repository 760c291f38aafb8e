import { createHash, X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { needs } from '@scitokens-tests/programs'
import { decodeUnverified, type JsonValue, signToken } from '@scitokens/core'
import type { ClientOptions } from '@scitokens/issuer'
import { describe, expect, test } from 'vitest'
import { certificates } from '../support/certificates.ts'
import { APP, basic, type Harness, loginByCode, type Reply, SECRET, startIssuerForPeople } from '../support/harness.ts'

// Tokens that are bound to a certificate (RFC 8705 section 3), over real TLS.

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

interface Pair {
  readonly cert: string
  readonly key: string
}

const printOf = ({ cert }: Pair): string =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

/** An issuer behind TLS: `robot` is known by its certificate, `mover` by another one or a secret; both may exchange tokens. */
async function start() {
  const { ca, server, client, stranger } = await certificates()
  const common = {
    scopes: ['read:/', 'write:/'],
    audiences: ['https://se.example.org'],
    defaultAudience: 'https://se.example.org',
    grants: ['client_credentials', 'refresh_token', EXCHANGE],
    exchange: { from: ['*'], refresh: true },
  } satisfies Partial<ClientOptions>
  const clients: ClientOptions[] = [
    APP,
    { ...common, clientId: 'robot', certificates: [{ subject: 'CN=robot,O=VO' }] },
    { ...common, clientId: 'mover', clientSecret: SECRET, certificates: [{ sha256: printOf(stranger) }] },
  ]
  const harness = await startIssuerForPeople({ clients }, { clientCertificates: 'verified' })
  const https = { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: false }
  const address = await harness.issuer.buildServer({ https } as object).listen({ host: '127.0.0.1', port: 0 })

  /** One request on a connection of its own, which shows this certificate. */
  const send = (
    path: string,
    options: { own?: Pair | undefined; form?: Record<string, string>; headers?: Record<string, string> },
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { own, form, headers } = options
      const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
      const call = request(
        `${address}/vo${path}`,
        { method: form ? 'POST' : 'GET', ca: ca.cert, ...own, agent: false, headers: { ...type, ...headers } },
        (reply) => {
          let text = ''
          reply.on('data', (chunk) => (text += String(chunk)))
          reply.on('end', () =>
            resolve({
              status: reply.statusCode!,
              headers: reply.headers,
              body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
            }),
          )
        },
      )
      call.on('error', reject)
      call.end(form && new URLSearchParams(form).toString())
    })
  const bySecret = basic('mover', SECRET)
  const exchange = (
    token: unknown,
    how: { own?: Pair; bySecret?: boolean; client?: string },
    more: Record<string, string> = {},
  ): Promise<Reply> => {
    const form = { grant_type: EXCHANGE, subject_token: token as string, subject_token_type: ACCESS_TOKEN, ...more }
    if (how.bySecret) return send('/token', { own: how.own, form, headers: bySecret })
    return send('/token', { own: how.own, form: { ...form, client_id: how.client ?? 'robot' } })
  }
  const bound = async (): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: 'robot' }
    return (await send('/token', { own: client, form })).body['access_token'] as string
  }
  return { harness, client, stranger, send, exchange, bound, bySecret }
}

const cnfOf = ({ body }: Reply): JsonValue | undefined =>
  decodeUnverified(body['access_token'] as string).unverifiedClaims['cnf']

/** A token of this issuer as it never made one. */
async function signed(harness: Harness, like: string, claims: Record<string, JsonValue>): Promise<string> {
  const { nbf: _n, iat: _i, exp: _e, ver: _v, ...rest } = decodeUnverified(like).unverifiedClaims
  const signer = harness.issuer.realms[0]!.keys.signer('ES256')
  return signToken({ signer, claims: { ...rest, ...claims }, lifetime: 600, clock: harness.clock.read })
}

describe('a token that is bound to a certificate', needs('openssl'), () => {
  test('an exchange takes a bound token from whoever shows its certificate, and what it gives stays bound to it', async () => {
    const { client, exchange, bound } = await start()
    const token = await bound()
    const cnf = { 'x5t#S256': printOf(client) }
    const own = await exchange(token, { own: client })
    expect(own.status).toBe(200)
    expect(cnfOf(own)).toEqual(cnf)
    // Authenticated by its secret, on a connection that proves the certificate.
    const other = await exchange(own.body['access_token'], { own: client, bySecret: true })
    expect(other.status).toBe(200)
    expect(cnfOf(other)).toEqual(cnf)
  })

  test('an exchange refuses a bound token without its certificate, as subject and as actor, and says why', async () => {
    const { harness, client, stranger, exchange, bound, bySecret, send } = await start()
    const token = await bound()
    for (const how of [
      { bySecret: true },
      { bySecret: true, own: stranger },
      { own: stranger, client: 'mover' },
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
      expect(await exchange(token, how)).toMatchObject({
        status: 400,
        body: {
          error: 'invalid_request',
          error_description: expect.stringContaining('subject_token is bound to a key'),
        },
      })
      expect(harness.audit.events.at(-1)).toMatchObject({
        event: 'token_refused',
        client: 'mover',
        detail: expect.stringContaining('cnf'),
      })
    }
    const form = { grant_type: 'client_credentials' }
    const free = (await send('/token', { form, headers: bySecret })).body['access_token']
    const mine = (await exchange(free, { own: stranger, client: 'mover' })).body['access_token'] as string
    const actor = { actor_token: mine, actor_token_type: ACCESS_TOKEN }
    expect(await exchange(free, { bySecret: true }, actor)).toMatchObject({
      status: 400,
      body: { error_description: expect.stringContaining('actor_token is bound to a key') },
    })
    expect((await exchange(free, { bySecret: true, own: client }, actor)).status).toBe(400)
    expect((await exchange(free, { bySecret: true, own: stranger }, actor)).status).toBe(200)
  })

  test('a refresh token that came of a bound token gives tokens that are bound to the same', async () => {
    const { client, stranger, exchange, bound, send, bySecret } = await start()
    const reply = await exchange(await bound(), { own: client, bySecret: true }, { scope: 'read:/ offline_access' })
    const form = { grant_type: 'refresh_token', refresh_token: reply.body['refresh_token'] as string }
    const refreshed = await send('/token', { form, headers: bySecret })
    expect(refreshed.status).toBe(200)
    expect(cnfOf(refreshed)).toEqual({ 'x5t#S256': printOf(client) })
    // Or to the certificate by which the client says who it is.
    const again = { ...form, refresh_token: refreshed.body['refresh_token'] as string, client_id: 'mover' }
    const own = await send('/token', { own: stranger, form: again })
    expect(cnfOf(own)).toEqual({ 'x5t#S256': printOf(stranger) })
  })

  test('a client known by its certificate binds what it gets for a token that was bound to nothing', async () => {
    const { harness, client, exchange } = await start()
    const login = await loginByCode(harness, { scope: 'openid read:/store' })
    expect(cnfOf(await exchange(login.body['access_token'], { own: client }))).toEqual({ 'x5t#S256': printOf(client) })
    expect(cnfOf(await exchange(login.body['access_token'], { own: client, bySecret: true }))).toBeUndefined()
  })

  test('userinfo takes a bound token with its certificate only', async () => {
    const { harness, client, stranger, exchange, send } = await start()
    const login = await loginByCode(harness, { scope: 'openid' })
    const token = (await exchange(login.body['access_token'], { own: client })).body['access_token'] as string
    const ask = (own?: Pair): Promise<Reply> =>
      send('/userinfo', { own, headers: { authorization: `Bearer ${token}` } })
    expect(await ask(client)).toMatchObject({ status: 200, body: { sub: 'ana' } })
    for (const reply of [await ask(), await ask(stranger)]) {
      expect(reply.status).toBe(401)
      expect(reply.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[^"]*cnf/)
    }
  })

  test.each<[string, (print: string) => JsonValue]>([
    ['nothing', () => ({})],
    ['null', () => null],
    ['text', (print) => print],
    ['a list', (print) => [{ 'x5t#S256': print }]],
    ['a DPoP key', () => ({ jkt: 'x' })],
    ['a DPoP key as well', (print) => ({ 'x5t#S256': print, jkt: 'x' })],
    ['an empty thumbprint', () => ({ 'x5t#S256': '' })],
    ['a list of thumbprints', (print) => ({ 'x5t#S256': [print] })],
    ['a thumbprint of another kind', (print) => ({ 'x5t#S1': print })],
  ])('a cnf that no certificate proves is refused whatever is shown: %s', async (_what, cnf) => {
    const { harness, client, exchange, send, bound } = await start()
    const print = printOf(client)
    const token = await signed(harness, await bound(), { scope: 'openid read:/', cnf: cnf(print) })
    expect((await exchange(token, { own: client })).body['error']).toBe('invalid_request')
    const headers = { authorization: `Bearer ${token}` }
    expect((await send('/userinfo', { own: client, headers })).status).toBe(401)
    // The same with the one thing that is proven.
    const good = await signed(harness, token, { cnf: { 'x5t#S256': print } })
    expect((await exchange(good, { own: client })).status).toBe(200)
  })

  test('introspection describes a bound token with its cnf, and its client can revoke it, without the certificate', async () => {
    const { harness, client, exchange, send, bySecret, bound } = await start()
    const free = (await send('/token', { form: { grant_type: 'client_credentials' }, headers: bySecret })).body
    const token = (await exchange(await bound(), { own: client, bySecret: true })).body['access_token'] as string
    const cnf = { 'x5t#S256': printOf(client) }
    expect((await harness.post('/introspect', { token }, bySecret)).body).toMatchObject({ active: true, cnf })
    const other = { token: free['access_token'] as string }
    expect((await harness.post('/introspect', other, bySecret)).body).not.toHaveProperty('cnf')
    expect((await harness.post('/revoke', { token }, bySecret)).status).toBe(200)
    expect((await harness.post('/introspect', { token }, bySecret)).body).toEqual({ active: false })
  })
})
