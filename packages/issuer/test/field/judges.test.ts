// Independent parties drive the issuer over real HTTP: openid-client, which checks every reply as the RFCs ask.
import { SigningKey } from '@scitokens/core'
import * as client from 'openid-client'
import { openIssuer, DevelopmentLogin, type Issuer } from '@scitokens/issuer'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { APP, ROBOT, SECRET } from '../support/harness.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const INSECURE = { execute: [client.allowInsecureRequests] }
let issuer: Issuer
let url: string
let key: SigningKey

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

beforeAll(async () => {
  const port = await freePort()
  key = await SigningKey.generate()
  url = `http://127.0.0.1:${port}/vo`
  const { clientSecret: _, ...open } = APP
  const { clientSecret: __, ...signed } = ROBOT
  issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    clients: [
      ROBOT,
      { ...APP, redirectUris: ['http://127.0.0.1/callback'], exchange: { refresh: true } },
      { ...open, clientId: 'native', redirectUris: ['http://127.0.0.1/callback'] },
      { ...signed, clientId: 'signed', jwks: { keys: [key.publicJwk] } },
      {
        ...ROBOT,
        clientId: 'vouched',
        grants: [JWT_BEARER],
        assertions: [{ issuer: 'https://lab.example', jwks: { keys: [key.publicJwk] } }],
      },
    ],
    login: new DevelopmentLogin(),
    registration: { scopes: ['read:/store'], audiences: ['https://se.example.org'] },
    deviceIntervalSeconds: 1,
    storage: { memory: true },
  })
  await issuer.listen({ port })
})
afterAll(() => issuer?.close())

/** A person with a browser: cookies, redirects and forms over the network. */
class Person {
  readonly #cookies = new Map<string, string>()

  async open(address: string | URL, form?: Record<string, string>): Promise<{ text: string; url: string; left?: URL }> {
    const reply = await fetch(address, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      headers: { cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      this.#cookies.set(name!, value!)
    }
    const location = reply.headers.get('location')
    if (location === null) return { text: await reply.text(), url: String(address) }
    const next = new URL(location, address)
    return next.href.startsWith(url) ? this.open(next) : { text: '', url: next.href, left: next }
  }

  submit(page: { text: string; url: string }, fields: Record<string, string>): ReturnType<Person['open']> {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.text)![1]!
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    return this.open(new URL(action, page.url), {
      ...Object.fromEntries(hidden.map(([, name, value]) => [name!, value!])),
      ...fields,
    })
  }
}

function configure(id: string, auth: client.ClientAuth): Promise<client.Configuration> {
  return client.discovery(new URL(url), id, undefined, auth, INSECURE)
}

async function codeFlow(
  config: client.Configuration,
  parameters: Record<string, string>,
): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const redirect_uri = 'http://127.0.0.1:43210/callback'
  const openid = parameters['scope']?.includes('openid') ?? false
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(openid ? { nonce } : {}),
    ...parameters,
  })
  const person = new Person()
  const consent = await person.submit(await person.open(address), { subject: 'ana', groups: '' })
  const { left } = await person.submit(consent, { answer: 'allow' })
  return client.authorizationCodeGrant(config, left!, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(openid ? { expectedNonce: nonce, idTokenExpected: true } : {}),
  })
}

describe('openid-client is content with', () => {
  test.each([
    ['a secret in Basic', () => configure('robot', client.ClientSecretBasic(SECRET))],
    ['a secret in the body', () => configure('robot', client.ClientSecretPost(SECRET))],
    [
      'a signed assertion',
      async () => {
        const { d: private_, x, y, crv, kty } = key.exportJwk()
        const own = await crypto.subtle.importKey(
          'jwk',
          { d: private_, x, y, crv, kty } as JsonWebKey,
          { name: 'ECDSA', namedCurve: 'P-256' },
          false,
          ['sign'],
        )
        return configure('signed', client.PrivateKeyJwt({ key: own, kid: key.kid }))
      },
    ],
  ])('client_credentials by %s', async (_, make) => {
    const config = await make()
    const tokens = await client.clientCredentialsGrant(config, {
      scope: 'read:/store/x',
      resource: 'https://ce.example.org',
    })
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'read:/store/x', expires_in: 3600 })
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      client_id: config.clientMetadata().client_id,
    })
    await client.tokenRevocation(config, tokens.access_token)
    expect((await client.tokenIntrospection(config, tokens.access_token)).active).toBe(false)
  })

  test('authorization_code with PKCE, state, nonce and iss; ID token; userinfo; refresh; exchange', async () => {
    const config = await configure('app', client.ClientSecretBasic(SECRET))
    const tokens = await codeFlow(config, { scope: 'openid read:/store', resource: 'https://se.example.org' })
    expect(tokens.claims()).toMatchObject({ iss: url, sub: 'ana', aud: 'app' })
    expect(await client.fetchUserInfo(config, tokens.access_token, 'ana')).toEqual({ sub: 'ana' })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!, { scope: 'read:/store/y' })
    expect(refreshed.scope).toBe('read:/store/y')
    const exchanged = await client.genericGrantRequest(config, EXCHANGE, {
      subject_token: tokens.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'read:/store/z offline_access',
    })
    expect(exchanged).toMatchObject({
      scope: 'offline_access read:/store/z',
      refresh_token: expect.any(String),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    await client.tokenRevocation(config, refreshed.refresh_token!)
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('authorization_code of a public client on any loopback port', async () => {
    const tokens = await codeFlow(await configure('native', client.None()), {
      scope: 'read:/store',
      audience: 'https://se.example.org',
    })
    expect(tokens).toMatchObject({ scope: 'read:/store', refresh_token: expect.any(String) })
  })

  test('the device grant, polled while the person answers', async () => {
    const config = await configure('app', client.ClientSecretBasic(SECRET))
    const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid read:/store' })
    const polling = client.pollDeviceAuthorizationGrant(config, begun)
    const person = new Person()
    const page = await person.submit(await person.open(begun.verification_uri_complete!), {
      subject: 'ana',
      groups: '',
    })
    const confirm = await person.submit(page, { user_code: begun.user_code })
    await person.submit(confirm, { answer: 'allow' })
    const tokens = await polling
    expect(tokens).toMatchObject({ scope: 'openid read:/store' })
    expect(tokens.claims()).toMatchObject({ sub: 'ana' })
  })

  test('jwt-bearer: an assertion of a trusted issuer, once', async () => {
    const config = await configure('vouched', client.ClientSecretBasic(SECRET))
    const now = Math.floor(Date.now() / 1000)
    const payload = { iss: 'https://lab.example', sub: 'ana', aud: url, iat: now, exp: now + 60, jti: randomUUID() }
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${encode({ alg: 'ES256', kid: key.kid })}.${encode(payload)}`
    const assertion = `${text}.${Buffer.from(await key.sign(Buffer.from(text))).toString('base64url')}`
    const parameters = { assertion, scope: 'read:/store/x', resource: 'https://se.example.org' }
    const tokens = await client.genericGrantRequest(config, JWT_BEARER, parameters)
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'read:/store/x', expires_in: 3600 })
    const { sub } = await client.tokenIntrospection(config, tokens.access_token)
    expect(sub).toBe('ana')
    await expect(client.genericGrantRequest(config, JWT_BEARER, parameters)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('dynamic registration, and the client that comes of it', async () => {
    const config = await client.dynamicClientRegistration(
      new URL(url),
      {
        redirect_uris: ['http://127.0.0.1/callback'],
        client_name: 'new',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      client.ClientSecretBasic(),
      INSECURE,
    )
    expect(await codeFlow(config, { scope: 'read:/store/pub', audience: 'https://se.example.org' })).toMatchObject({
      scope: 'read:/store/pub',
    })
  })

  test('refusals: each comes as an OAuth error that it understands', async () => {
    const config = await configure('robot', client.ClientSecretBasic(SECRET))
    await expect(client.clientCredentialsGrant(config, { scope: 'read:/nowhere' })).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    })
    const wrong = await configure('robot', client.ClientSecretBasic('not-the-secret-of-it'))
    await expect(client.clientCredentialsGrant(wrong)).rejects.toMatchObject({ status: 401 })
  })
})
