// Libraries that people write their applications with, each driven as its documentation says.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drive, type Order } from '../src/clients/drive.ts'
import { prepareGoClient, preparePythonClient } from '../src/clients/prepare.ts'
import { Person } from '../src/person.ts'
import { requirePrograms } from '../src/programs.ts'
import { startVo, type Vo } from '../src/vo.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const secret = 'a-secret-of-the-interop-rig-only'
const AUDIENCE = 'https://storage.example'
const redirect = 'https://portal.example/callback'

let vo: Vo
const commands: Record<string, readonly string[]> = {}

beforeAll(async () => {
  requirePrograms({ go: 'golang-go', python3: 'python3-venv' })
  const client = { scopes: ['read:/store', 'write:/store/{sub}'], audiences: ['*'], defaultAudience: AUDIENCE }
  const grants = ['authorization_code', 'refresh_token', DEVICE] as const
  vo = await startVo(
    [
      { ...client, clientId: 'portal', clientSecret: secret, grants, redirectUris: [redirect] },
      {
        ...client,
        clientId: 'old-portal',
        clientSecret: secret,
        grants,
        redirectUris: [redirect],
        requirePkce: false,
      },
      { ...client, clientId: 'desktop', grants, redirectUris: ['http://127.0.0.1/callback'] },
      { ...client, clientId: 'robot', clientSecret: secret },
    ],
    { deviceIntervalSeconds: 1 },
  )
  const [python, go] = await Promise.all([preparePythonClient(), prepareGoClient(vo.dir)])
  commands['requests-oauthlib'] = [python, fileURLToPath(new URL('../src/clients/oauth2.py', import.meta.url))]
  commands['golang.org/x/oauth2'] = [go]
})
afterAll(() => vo?.stop())

/** Tells the tokens' claims of interest: those of the first one, and of the refreshed one. */
async function run(
  library: string,
  order: Omit<Order, 'issuer' | 'clientSecret'> & { clientSecret?: string },
  answer: 'allow' | 'deny' = 'allow',
) {
  const person = new Person('ana', vo)
  const driven = await drive(
    commands[library]!,
    vo.authority.certificate,
    { issuer: vo.issuer, clientSecret: secret, ...order },
    {
      open: (url) => person.answer(url, answer),
      device: (uri, code) => person.approveDevice(uri, code),
    },
  )
  const claims = driven.tokens.map(({ access_token }) => claimsOf(access_token as string))
  return { ...driven, claims: claims.map(({ sub, scope, aud, iss }) => ({ sub, scope, aud, iss })) }
}

describe.each(['requests-oauthlib', 'golang.org/x/oauth2'])('%s', (library) => {
  const scopes = ['openid', 'offline_access', 'read:/store', 'write:/store/ana']
  const claims = { sub: 'ana', scope: 'openid read:/store write:/store/ana', aud: AUDIENCE }

  test.each([
    ['a Basic header', 'portal', 2],
    ['the body', 'portal', 1],
    ['the way it chooses', 'portal', 0],
  ] as const)('logs a person in by code and PKCE, and refreshes, with its secret in %s', async (_, clientId, style) => {
    const { claims: both, tokens } = await run(library, { flow: 'code', clientId, scopes, redirect, style })
    expect(both).toEqual([expect.objectContaining(claims), expect.objectContaining(claims)])
    expect(tokens[1]!['refresh_token']).not.toBe(tokens[0]!['refresh_token'])
  })

  test('logs a person in as a public client on a port of its own', async () => {
    const { claims: both } = await run(library, {
      flow: 'code',
      clientId: 'desktop',
      clientSecret: '',
      scopes,
      redirect: 'http://127.0.0.1:45678/callback',
      style: 1,
    })
    expect(both).toHaveLength(2)
    expect(both[1]).toMatchObject(claims)
  })

  test('connects a device, and refreshes', async () => {
    const { claims: both } = await run(library, { flow: 'device', clientId: 'portal', scopes })
    expect(both).toEqual([expect.objectContaining(claims), expect.objectContaining(claims)])
  })

  test('gets a token for itself, for several servers', async () => {
    const order = { flow: 'client_credentials', clientId: 'robot', scopes: ['read:/store/x'] } as const
    const aud = ['https://a.example', 'https://b.example']
    // Go repeats a parameter, Python people join it.
    const parameters = { audience: library === 'requests-oauthlib' ? aud.join(' ') : aud }
    const { claims: own } = await run(library, { ...order, parameters })
    expect(own).toMatchObject([{ sub: 'robot', scope: 'read:/store/x', aud }])
  })

  test('understands what it is refused for', async () => {
    const robot = { flow: 'client_credentials', clientId: 'robot', scopes: ['read:/elsewhere'] } as const
    expect(await run(library, robot)).toMatchObject({ error: 'invalid_scope' })
    const wrong = { ...robot, clientSecret: 'a-secret-of-somebody-else' }
    expect(await run(library, wrong)).toMatchObject({ error: 'invalid_client' })
  })
})

test("requests-oauthlib as HTCondor's credmon uses it: no PKCE, the secret in the body, the audience as resource", async () => {
  const { claims } = await run('requests-oauthlib', {
    flow: 'code',
    clientId: 'old-portal',
    scopes: ['read:/store', 'offline_access'],
    redirect,
    style: 1,
    pkce: false,
    parameters: { resource: 'https://se.example https://ce.example' },
  })
  const granted = { sub: 'ana', scope: 'read:/store', aud: ['https://se.example', 'https://ce.example'] }
  expect(claims).toEqual([expect.objectContaining(granted), expect.objectContaining(granted)])
})

test.each(['requests-oauthlib', 'golang.org/x/oauth2'])('%s hears of a refusal by the person', async (library) => {
  const order = { flow: 'code', clientId: 'portal', scopes: ['read:/store'], redirect } as const
  expect(await run(library, order, 'deny')).toMatchObject({ error: 'access_denied', tokens: [] })
})

/** What a token says; whether it is good is tested elsewhere. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
}
