// oidc-provider as an oracle: the same requests to both, and the status and error code must be the same where both have the part.
import { createServer, type Server } from 'node:http'
import { Provider } from 'oidc-provider'
import { openIssuer, DevelopmentLogin, type Issuer } from '@scitokens/issuer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { basic, SECRET } from '../support/harness.ts'

let issuer: Issuer
let ours: string
let oracle: Server
let theirs: string

beforeAll(async () => {
  issuer = await openIssuer({
    issuer: 'http://127.0.0.1',
    dangerouslyAllowLoopbackHttp: true,
    login: new DevelopmentLogin(),
    clients: [
      { clientId: 'robot', clientSecret: SECRET, scopes: ['api'], audiences: ['https://se.example.org'] },
      {
        clientId: 'codeonly',
        clientSecret: SECRET,
        grants: ['authorization_code', 'refresh_token'],
        redirectUris: ['https://app.example/cb'],
        scopes: ['api'],
      },
    ],
    storage: { memory: true },
  })
  ours = await issuer.listen()
  const provider = new Provider('https://issuer.example', {
    clients: [
      {
        client_id: 'robot',
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: 'codeonly',
        client_secret: SECRET,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['https://app.example/cb'],
      },
    ],
    scopes: ['openid', 'offline_access', 'api'],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: false },
    },
  })
  provider.proxy = true
  const handle = provider.callback()
  oracle = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => oracle.listen(0, '127.0.0.1', resolve))
  theirs = `http://127.0.0.1:${(oracle.address() as { port: number }).port}`
}, 180_000)
afterAll(async () => {
  await issuer?.close()
  await new Promise((resolve) => oracle?.close(resolve))
})

const PATHS = {
  token: ['/token', '/token'],
  revoke: ['/revoke', '/token/revocation'],
  introspect: ['/introspect', '/token/introspection'],
} as const

interface Question {
  readonly body: string
  readonly headers?: Record<string, string>
  readonly type?: string
}

async function ask(
  base: string,
  path: string,
  { body, headers = basic('robot', SECRET), type = 'application/x-www-form-urlencoded' }: Question,
): Promise<{ status: number; error: unknown; challenge: boolean }> {
  const reply = await fetch(base + path, {
    method: 'POST',
    body,
    headers: { 'content-type': type, 'x-forwarded-proto': 'https', ...headers },
  })
  const text = await reply.text()
  const json = text.startsWith('{') ? (JSON.parse(text) as { error?: string }) : {}
  return { status: reply.status, error: json.error, challenge: reply.headers.has('www-authenticate') }
}

const CC = 'grant_type=client_credentials'

describe('says the same as oidc-provider', () => {
  test.each<[string, keyof typeof PATHS, Question]>([
    ['to a good request', 'token', { body: CC }],
    ['to no grant_type', 'token', { body: 'scope=api' }],
    ['to an unknown grant_type', 'token', { body: 'grant_type=unheard-of' }],
    ['to the password grant', 'token', { body: 'grant_type=password&username=a&password=b' }],
    ['to a wrong secret', 'token', { body: CC, headers: basic('robot', 'wrong') }],
    ['to an unknown client', 'token', { body: CC, headers: basic('nobody', SECRET) }],
    ['to Basic and a secret in the body', 'token', { body: `${CC}&client_id=robot&client_secret=${SECRET}` }],
    ['to a client_id that differs from Basic', 'token', { body: `${CC}&client_id=other` }],
    ['to a repeated scope', 'token', { body: `${CC}&scope=api&scope=api` }],
    ['to a repeated grant_type', 'token', { body: `${CC}&${CC}` }],
    ['to JSON', 'token', { body: '{"grant_type":"client_credentials"}', type: 'application/json' }],
    [
      'to a made-up code',
      'token',
      {
        body: 'grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb',
        headers: basic('codeonly', SECRET),
      },
    ],
    ['to no refresh token', 'token', { body: 'grant_type=refresh_token', headers: basic('codeonly', SECRET) }],
    [
      'to a made-up refresh token',
      'token',
      { body: 'grant_type=refresh_token&refresh_token=x', headers: basic('codeonly', SECRET) },
    ],
    ['to the revocation of an unknown token', 'revoke', { body: 'token=x' }],
    ['to the revocation of nothing', 'revoke', { body: 'x=y' }],
    ['to the introspection of an unknown token', 'introspect', { body: 'token=x' }],
    ['to the introspection of nothing', 'introspect', { body: 'x=y' }],
    ['to an introspection with a wrong secret', 'introspect', { body: 'token=x', headers: basic('robot', 'wrong') }],
  ])('%s', async (_, endpoint, question) => {
    const [own, other] = PATHS[endpoint]
    expect(await ask(ours, own, question)).toEqual(await ask(theirs, other, question))
  })
})

describe('differs from oidc-provider, as the RFCs have it', () => {
  test.each<[string, keyof typeof PATHS, Question, object, object]>([
    [
      'on a grant that the client may not use: RFC 6749 section 5.2 has a code for it',
      'token',
      { body: CC, headers: basic('codeonly', SECRET) },
      { status: 400, error: 'unauthorized_client' },
      { status: 400, error: 'invalid_request' },
    ],
    [
      'on nobody: "no client authentication included" is invalid_client by RFC 6749 section 5.2',
      'revoke',
      { body: 'token=x', headers: {} },
      { status: 401, error: 'invalid_client' },
      { status: 400, error: 'invalid_request' },
    ],
    [
      'on a client without its secret: the challenge tells it how to authenticate',
      'token',
      { body: `${CC}&client_id=robot`, headers: {} },
      { status: 401, error: 'invalid_client', challenge: true },
      { status: 401, error: 'invalid_client', challenge: false },
    ],
    [
      'on scopes of which none can be had: a token that can do nothing would only be noticed later',
      'token',
      { body: `${CC}&scope=nothing` },
      { status: 400, error: 'invalid_scope' },
      { status: 200 },
    ],
  ])('%s', async (_, endpoint, question, expected, other) => {
    const [own, oracles] = PATHS[endpoint]
    expect(await ask(ours, own, question)).toMatchObject(expected)
    expect(await ask(theirs, oracles, question)).toMatchObject(other)
  })
})
