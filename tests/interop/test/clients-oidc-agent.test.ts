// oidc-agent (Debian), without a terminal: every way in which people set an account up. XRootD takes its tokens in grants.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OidcAgent, startOidcAgent } from '../src/clients/oidc-agent.ts'
import { freePort } from '../src/ports.ts'
import { requirePrograms } from '../src/programs.ts'
import { startVo, type Vo } from '../src/vo.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const secret = 'a-secret-of-the-interop-rig-only'
const SCOPES = '--scope=openid offline_access read:/store write:/store/ana'

let vo: Vo
let agent: OidcAgent

beforeAll(async () => {
  requirePrograms({ 'oidc-agent': 'oidc-agent-cli', 'oidc-gen': 'oidc-agent-cli' })
  const client = {
    scopes: ['read:/store', 'write:/store/{sub}'],
    audiences: ['*'],
    defaultAudience: 'https://storage.example',
    grants: ['authorization_code', 'refresh_token', DEVICE] as const,
    redirectUris: ['http://localhost:8080'],
  }
  vo = await startVo(
    [
      { ...client, clientId: 'agent', clientSecret: secret },
      { ...client, clientId: 'public-agent' },
    ],
    {
      deviceIntervalSeconds: 1,
      registration: { scopes: client.scopes, audiences: ['*'], defaultAudience: client.defaultAudience },
    },
  )
  agent = startOidcAgent(vo)
})
afterAll(async () => {
  agent?.stop()
  await vo?.stop()
})

/** Claims of interest of the account's next tokens: as it was granted, narrowed, for another server, and as granted again. */
async function use(account: string): Promise<unknown[]> {
  const tokens = []
  for (const args of [[], ['--scope=read:/store/x'], ['--aud=https://se.example https://ce.example'], []]) {
    // oxlint-disable-next-line no-await-in-loop -- the refresh token rotates: in order
    tokens.push(await agent.token('-f', ...args, account))
  }
  return tokens.map((token) => {
    const text = Buffer.from(token.split('.')[1]!, 'base64url').toString()
    const { sub, scope, aud } = JSON.parse(text) as Record<string, unknown>
    return { sub, scope, aud }
  })
}

const sub = 'ana'
const scope = 'openid read:/store write:/store/ana'
const aud = 'https://storage.example'
const EXPECTED = [
  { sub, scope, aud },
  { sub, scope: 'read:/store/x', aud },
  { sub, scope, aud: ['https://se.example', 'https://ce.example'] },
  { sub, scope, aud },
]

test.each([
  ['by device, with a secret', 'device', ['--client-id=agent', `--client-secret=${secret}`]],
  ['by device, as a public client', 'device', ['--client-id=public-agent', '--client-secret=']],
  ['by authorization code, with a secret', 'code', ['--client-id=agent', `--client-secret=${secret}`]],
  ['by authorization code, as a public client', 'code', ['--client-id=public-agent', '--client-secret=']],
  ['by device, with a client that it registers', 'device', []],
  ['by authorization code, with a client that it registers', 'code', []],
])('oidc-agent logs in %s, and refreshes, narrows and chooses servers', async (name, flow, credentials) => {
  const account = name.replaceAll(/[^a-z]/g, '')
  const port = flow === 'code' ? [`--port=${await freePort()}`] : []
  await agent.generate(account, [`--flow=${flow}`, ...port, ...credentials, SCOPES])
  expect(await use(account)).toEqual(EXPECTED)
})

test('oidc-agent with --scope-max asks for all that the metadata tells', async () => {
  await agent.generate('max', ['--flow=device', '--client-id=agent', `--client-secret=${secret}`, '--scope-max'])
  expect(await agent.token('-f', 'max')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
})
