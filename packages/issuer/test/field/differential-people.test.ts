// oidc-provider as an oracle for what begins with a person: the same requests to both, with codes and tokens that each of them made.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { openIssuer, DevelopmentLogin, type Issuer } from '@scitokens/issuer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { basic, SECRET } from '../support/harness.ts'
import { WebBrowser } from '@scitokens-tests/programs/web-browser'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const VERIFIER = 'a-verifier-of-more-than-forty-three-characters'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

/** One of the two. */
interface Side {
  readonly url: string
  readonly authorize: string
  readonly device: string
  /** What people fill in, page by page, until they are back at the application. */
  readonly pages: readonly Readonly<Record<string, string>>[]
}

let issuer: Issuer
let oracle: Server
let application: Server
let callback: string
let sides: readonly [Side, Side]

beforeAll(async () => {
  application = createServer((_, response) => response.end('back')).listen(0, '127.0.0.1')
  oracle = createServer().listen(0, '127.0.0.1')
  const reserved = createServer().listen(0, '127.0.0.1')
  await Promise.all([application, oracle, reserved].map((server) => once(server, 'listening')))
  const { port } = reserved.address() as AddressInfo
  reserved.close()
  const ours = `http://127.0.0.1:${port}`
  callback = `http://127.0.0.1:${(application.address() as AddressInfo).port}/callback`
  // Cookies do not tell ports apart: two host names.
  const theirs = `http://localhost:${(oracle.address() as AddressInfo).port}`
  const grants = ['authorization_code', 'refresh_token', DEVICE] as const
  const common = { scope: 'openid offline_access api other', grant_types: [...grants], redirect_uris: [callback] }
  const provider = new Provider(theirs, {
    clients: ['app', 'second'].map((client_id) => ({ ...common, client_id, client_secret: SECRET })),
    scopes: ['openid', 'offline_access', 'api', 'other'],
    pkce: { required: () => true },
    features: { deviceFlow: { enabled: true } },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    cookies: { keys: ['test'] },
  })
  const handle = provider.callback()
  oracle.on('request', (request, response) => void handle(request, response))
  issuer = await openIssuer({
    issuer: ours,
    dangerouslyAllowLoopbackHttp: true,
    login: new DevelopmentLogin(),
    clients: ['app', 'second'].map((clientId) => ({
      clientId,
      clientSecret: SECRET,
      grants,
      redirectUris: [callback],
      scopes: ['api', 'other'],
      audiences: ['https://se.example.org'],
    })),
    storage: { memory: true },
  })
  await issuer.listen({ port })
  sides = [
    {
      url: ours,
      authorize: '/authorize',
      device: '/device_authorization',
      pages: [{ subject: 'ana' }, { answer: 'allow' }],
    },
    {
      url: theirs,
      authorize: '/auth',
      device: '/device/auth',
      pages: [{ prompt: 'login', login: 'ana', password: 'any' }, { prompt: 'consent' }],
    },
  ]
}, 180_000)
afterAll(async () => {
  await issuer?.close()
  for (const server of [oracle, application]) {
    server?.closeAllConnections()
    server?.close()
  }
})

/** The answer to a token request, as far as the RFCs fix it. */
async function ask(url: string, form: Record<string, string>, client = 'app') {
  const headers = client === '' ? {} : basic(client, SECRET)
  const reply = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) })
  const body = (await reply.json()) as Record<string, string>
  return { status: reply.status, error: body['error'], body }
}

async function logIn(side: Side, query: Record<string, string> = {}): Promise<URL> {
  const all = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: callback,
    scope: 'openid offline_access api',
    prompt: 'consent',
    state: 'kept',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...query,
  }
  const present = Object.entries(all).filter(([, value]) => value !== '')
  const browser = new WebBrowser()
  let page = await browser.open(`${side.url}${side.authorize}?${new URLSearchParams(present).toString()}`)
  for (const fields of side.pages) {
    if (!page.text.includes('<form')) break
    // oxlint-disable-next-line no-await-in-loop -- page by page
    page = await browser.submit(page, fields)
  }
  return page.url
}

/** What both say, and that they say the same. */
async function both(question: (side: Side) => Promise<object>): Promise<object> {
  const [own, other] = await Promise.all(sides.map(question))
  expect(own).toEqual(other)
  return own!
}

const code = async (side: Side): Promise<string> => (await logIn(side)).searchParams.get('code')!
const redeem = { grant_type: 'authorization_code', code_verifier: VERIFIER }

describe('says the same as oidc-provider to', () => {
  const QUERIES: readonly [string, Record<string, string>, object][] = [
    ['a good request', {}, { state: 'kept', error: null }],
    ['no response_type', { response_type: '' }, { error: 'invalid_request' }],
    ['response_type=unheard-of', { response_type: 'unheard-of' }, { error: 'unsupported_response_type' }],
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, { error: 'invalid_request' }],
    ['PKCE with the method plain', { code_challenge_method: 'plain' }, { error: 'invalid_request' }],
    ['a code_challenge that is none', { code_challenge: 'short' }, { error: 'invalid_request' }],
    ['prompt=none and nobody logged in', { prompt: 'none' }, { error: 'login_required' }],
    ['a request object by reference', { request_uri: 'https://x.example/r' }, { error: 'request_uri_not_supported' }],
    ['a request object', { request: 'x.y.z' }, { error: 'request_not_supported' }],
  ]
  test.each(QUERIES)('an authorization request with %s', async (_, query, expected) => {
    const answer = await both(async (side) => {
      const back = await logIn(side, query)
      const { searchParams } = back
      return {
        place: back.href.split('?')[0],
        error: searchParams.get('error'),
        state: searchParams.get('state'),
        iss: searchParams.get('iss') === side.url,
      }
    })
    expect(answer).toMatchObject({ place: callback, iss: true, ...expected })
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['an unregistered redirect_uri', { redirect_uri: 'https://evil.example/' }],
  ])('an authorization request of %s: it goes nowhere', async (_, query) => {
    const answer = await both(async (side) => ({ there: (await logIn(side, query)).origin === side.url }))
    expect(answer).toEqual({ there: true })
  })

  const REDEMPTIONS: readonly [string, Record<string, string>, string, object][] = [
    ['a good redemption', {}, 'app', { status: 200 }],
    ['another redirect_uri', { redirect_uri: 'https://evil.example/' }, 'app', { status: 400, error: 'invalid_grant' }],
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, 'app', { error: 'invalid_grant' }],
    ['a code of another client', {}, 'second', { status: 400, error: 'invalid_grant' }],
  ]
  test.each(REDEMPTIONS)('%s', async (_, more, client, expected) => {
    const answer = await both(async (side) => {
      // The application's address is known only by now.
      const redirect_uri = more['redirect_uri'] ?? callback
      const form = { ...redeem, ...more, redirect_uri, code: await code(side) }
      const { status, error } = await ask(`${side.url}/token`, form, client)
      return { status, error }
    })
    expect(answer).toMatchObject(expected)
  })

  test('a code that comes a second time, and to what came of it', async () => {
    const answer = await both(async (side) => {
      const form = { ...redeem, redirect_uri: callback, code: await code(side) }
      const first = await ask(`${side.url}/token`, form)
      const second = await ask(`${side.url}/token`, form)
      const refresh = { grant_type: 'refresh_token', refresh_token: first.body['refresh_token']! }
      const after = await ask(`${side.url}/token`, refresh)
      return [first, second, after].map(({ status, error }) => ({ status, error }))
    })
    const invalid = { status: 400, error: 'invalid_grant' }
    expect(answer).toEqual([{ status: 200, error: undefined }, invalid, invalid])
  })

  test('refreshes: good, for less, for more, by another client', async () => {
    const answer = await both(async (side) => {
      const form = { ...redeem, redirect_uri: callback, code: await code(side) }
      let { body } = await ask(`${side.url}/token`, form)
      const outcomes = []
      for (const [scope, client] of [
        ['', 'app'],
        ['openid', 'app'],
        ['openid other', 'app'],
        ['', 'second'],
      ] as const) {
        const again = { grant_type: 'refresh_token', refresh_token: body['refresh_token']!, ...(scope && { scope }) }
        // oxlint-disable-next-line no-await-in-loop -- each needs the token of the one before
        const reply = await ask(`${side.url}/token`, again, client)
        outcomes.push([reply.status, reply.error])
        if (reply.status === 200) ({ body } = reply)
      }
      return outcomes
    })
    expect(answer).toEqual([
      [200, undefined],
      [200, undefined],
      [400, 'invalid_scope'],
      [400, 'invalid_grant'],
    ])
  })

  test('devices: begun, polled before anybody answered, with a made-up code, of another client', async () => {
    const answer = await both(async (side) => {
      const begun = await ask(side.url + side.device, { scope: 'openid', client_id: 'app' })
      const poll = (device_code: string, client = 'app') =>
        ask(`${side.url}/token`, { grant_type: DEVICE, device_code }, client)
      const replies = [
        await poll(begun.body['device_code']!),
        await poll('made-up'),
        await poll(begun.body['device_code']!, 'second'),
      ]
      const names = ['device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in']
      return [
        [begun.status, names.every((name) => begun.body[name] !== undefined)],
        ...replies.map(({ status, error }) => [status, error]),
      ]
    })
    expect(answer).toEqual([
      [200, true],
      [400, 'authorization_pending'],
      [400, 'invalid_grant'],
      [400, 'invalid_grant'],
    ])
  })
})
