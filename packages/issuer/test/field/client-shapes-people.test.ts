// Logins, refreshes and exchanges in the very shape in which clients of the field send them.
import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { APP, basic, type Harness, type Reply, SECRET, startIssuerForPeople } from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const SE = 'https://se.example.org'
const CE = 'https://ce.example.org'

/** Sends a person through login and consent: the code. */
async function codeFor(harness: Harness, query: [string, string][]): Promise<string> {
  const browser = new Browser(harness.issuer)
  const login = await browser.open(`${harness.url}/authorize?${new URLSearchParams(query).toString()}`)
  const consent = await browser.submit(login, { subject: 'ana' })
  return (await browser.submit(consent, { answer: 'allow' })).leftTo!.searchParams.get('code')!
}

async function approve(harness: Harness, device: Reply): Promise<void> {
  const browser = new Browser(harness.issuer)
  const login = await browser.open(device.body['verification_uri'] as string)
  const page = await browser.submit(login, { subject: 'ana' })
  const confirm = await browser.submit(page, { user_code: device.body['user_code'] as string })
  await browser.submit(confirm, { answer: 'allow' })
}

const access = (reply: Reply): string => reply.body['access_token'] as string

describe("HTCondor's OAuth credmon", () => {
  const CREDMON = { ...APP, clientId: 'credmon', requirePkce: false }
  const inBody = { client_id: 'credmon', client_secret: SECRET }

  test('logs in without PKCE, the audience as resource, its secret in the body', async () => {
    const harness = await startIssuerForPeople({ clients: [CREDMON] })
    const code = await codeFor(harness, [
      ['response_type', 'code'],
      ['client_id', 'credmon'],
      ['redirect_uri', CREDMON.redirectUris![0]!],
      ['scope', 'read:/store offline_access'],
      ['state', 'x'],
      ['resource', `${SE} ${CE}`],
    ])
    const redeem = { grant_type: 'authorization_code', code, redirect_uri: CREDMON.redirectUris![0]!, ...inBody }
    const login = await harness.token(redeem, {})
    expect(await harness.claims(access(login))).toMatchObject({ scope: 'read:/store', aud: [SE, CE] })
    // Without a refresh token it would never renew.
    const refresh_token = login.body['refresh_token'] as string
    const renewed = await harness.token({ grant_type: 'refresh_token', refresh_token, ...inBody }, {})
    expect(await harness.claims(access(renewed))).toMatchObject({ scope: 'read:/store', aud: [SE, CE] })
  })

  test('goes on with its first refresh token where rotation is off', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...CREDMON, refresh: { rotate: false } }] })
    const code = await codeFor(harness, [
      ['response_type', 'code'],
      ['client_id', 'credmon'],
    ])
    const login = await harness.token({ grant_type: 'authorization_code', code, ...inBody }, {})
    const refresh_token = login.body['refresh_token'] as string
    for (const hours of [1, 24, 24]) {
      harness.clock.advance(hours * 3600)
      // oxlint-disable-next-line no-await-in-loop -- one renewal after the other
      const renewed = await harness.token({ grant_type: 'refresh_token', refresh_token, ...inBody }, {})
      expect(renewed.body).toMatchObject({ refresh_token, expires_in: 3600 })
    }
  })
})

test("Pelican's credmon: a device login at submission, an exchange by a client of its own for a refresh token, renewals", async () => {
  const credmon = {
    clientId: 'pelican-credmon',
    clientSecret: SECRET,
    grants: [EXCHANGE, 'refresh_token'] as const,
    scopes: ['read:/store'],
    audiences: [SE],
    exchange: { from: ['app'], refresh: true },
  }
  const harness = await startIssuerForPeople({ clients: [APP, credmon] })
  const device = await harness.post('/device_authorization', { scope: 'read:/store/x' }, basic('app', SECRET))
  await approve(harness, device)
  const device_code = device.body['device_code'] as string
  const submitted = await harness.token({ grant_type: DEVICE, device_code }, basic('app', SECRET))
  const inBody = { client_id: 'pelican-credmon', client_secret: SECRET }
  const form = {
    grant_type: EXCHANGE,
    subject_token: access(submitted),
    subject_token_type: ACCESS_TOKEN,
    scope: 'read:/store/x offline_access',
    ...inBody,
  }
  const exchanged = await harness.token(form, {})
  expect(exchanged.body).toMatchObject({ refresh_token: expect.any(String), issued_token_type: ACCESS_TOKEN })
  harness.clock.advance(7200)
  const refresh_token = exchanged.body['refresh_token'] as string
  const renewed = await harness.token({ grant_type: 'refresh_token', refresh_token, ...inBody }, {})
  expect(await harness.claims(access(renewed))).toMatchObject({ sub: 'ana', scope: 'read:/store/x', aud: SE })
})

describe('htgettoken with OpenBao', () => {
  const VAULT = {
    ...APP,
    clientId: 'vault',
    redirectUris: ['https://vault.example:8200/v1/auth/oidc-vo/oidc/callback'],
    exchange: {},
  }

  async function logIn(harness: Harness, scope: string): Promise<Reply> {
    const code = await codeFor(harness, [
      ['client_id', 'vault'],
      ['nonce', 'n-1'],
      ['redirect_uri', VAULT.redirectUris[0]!],
      ['response_type', 'code'],
      ['scope', scope],
      ['state', 'st_1'],
      ['code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
      ['code_challenge_method', 'S256'],
    ])
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: VAULT.redirectUris[0]!,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }
    // Go's library tries the header first and the body where that is refused: the first try must use nothing up.
    const wrong = await harness.token(form, basic('vault', 'not-the-secret-of-the-vault'))
    expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Basic /)])
    return harness.token({ ...form, client_id: 'vault', client_secret: SECRET }, {})
  }

  const claimsOf = (token: unknown): unknown =>
    JSON.parse(Buffer.from((token as string).split('.')[1]!, 'base64url').toString())

  test('finds the claim that it keeps credentials by in the ID token', async () => {
    const person = { subject: 'ana', groups: [], claims: { 'wlcg.credkey': 'ana@vo', email: 'ana@example.org' } }
    const login = { name: 'test', step: async () => ({ person }) }
    const harness = await startIssuerForPeople({ clients: [{ ...VAULT, requirePkce: false }], login })
    const browser = new Browser(harness.issuer)
    // This login asks nothing: the consent page is the first one.
    const page = await browser.open(`${harness.url}/authorize?response_type=code&client_id=vault&scope=openid+email`)
    const code = (await browser.submit(page, { answer: 'allow' })).leftTo!.searchParams.get('code')!
    const reply = await harness.token({ grant_type: 'authorization_code', code }, basic('vault', SECRET))
    expect(claimsOf(reply.body['id_token'])).toMatchObject({ 'wlcg.credkey': 'ana@vo', email: 'ana@example.org' })
  })

  test('refreshes from several places at once with the same refresh token', async () => {
    const harness = await startIssuerForPeople({ clients: [VAULT] })
    const login = await logIn(harness, 'openid offline_access read:/store')
    const form = { grant_type: 'refresh_token', refresh_token: login.body['refresh_token'] as string }
    const replies = await Promise.all(Array.from({ length: 8 }, () => harness.token(form, basic('vault', SECRET))))
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    expect(new Set(replies.map(({ body }) => body['refresh_token'])).size).toBe(1)
  })

  test('exchanges for fewer scopes and servers, both of them repeated, with an empty code beside them', async () => {
    const harness = await startIssuerForPeople({ clients: [VAULT] })
    const login = await logIn(harness, 'openid offline_access read:/store write:/store/user/ana')
    const form: [string, string][] = [
      ['client_id', 'vault'],
      ['client_secret', SECRET],
      ['code', ''],
      ['grant_type', EXCHANGE],
      ['subject_token', access(login)],
      ['subject_token_type', ACCESS_TOKEN],
      ['requested_token_type', ACCESS_TOKEN],
      ['scope', 'read:/store/x'],
      ['audience', SE],
      ['resource', SE],
      ['resource', SE],
    ]
    const reply = await harness.token(form, {})
    expect(await harness.claims(access(reply))).toMatchObject({ sub: 'ana', scope: 'read:/store/x', aud: SE })
  })

  test('is told when a role of its configuration has a scope without a path', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...VAULT, scopes: ['storage.read:/store'] }] })
    const browser = new Browser(harness.issuer)
    const query = `response_type=code&client_id=vault&scope=storage.read:&code_challenge_method=S256&code_challenge=${'x'.repeat(43)}`
    const login = await browser.open(`${harness.url}/authorize?${query}`)
    const { leftTo } = await browser.submit(login, { subject: 'ana' })
    expect(leftTo?.searchParams.get('error')).toBe('invalid_scope')
    expect(leftTo?.searchParams.get('error_description')).toMatch(/path/)
  })
})

describe('oidc-agent', () => {
  const PUBLIC = {
    clientId: 'agent',
    grants: APP.grants!,
    redirectUris: ['http://localhost:8080'],
    scopes: ['read:/store', 'write:/store/user/{sub}'],
    audiences: ['*'],
    defaultAudience: SE,
  }
  const NO_SECRET = basic('agent', '')

  test('redeems a code with a stray response_type and an empty secret, at a port of its own', async () => {
    const harness = await startIssuerForPeople({ clients: [PUBLIC] })
    const code = await codeFor(harness, [
      ['response_type', 'code'],
      ['client_id', 'agent'],
      ['redirect_uri', 'http://localhost:42421'],
      ['scope', 'openid offline_access read:/store'],
      ['access_type', 'offline'],
      ['prompt', 'consent'],
      ['state', '0:1:x'],
      ['code_challenge_method', 'S256'],
      ['code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
    ])
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://localhost:42421',
      response_type: 'token',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }
    const reply = await harness.token(form, NO_SECRET)
    expect(reply.body).toMatchObject({
      refresh_token: expect.any(String),
      scope: expect.stringContaining('read:/store'),
    })
  })

  test('refreshes with a scope but without offline_access, for servers as resource or as audience', async () => {
    const harness = await startIssuerForPeople({ clients: [PUBLIC] })
    const scope = 'openid offline_access read:/store write:/store/user/ana'
    const device = await harness.post('/device_authorization', { scope, client_id: 'agent' }, NO_SECRET)
    await approve(harness, device)
    const form = { grant_type: DEVICE, device_code: device.body['device_code'] as string }
    const login = await harness.token(form, NO_SECRET)
    let refresh_token = login.body['refresh_token'] as string
    const refresh = async (more: [string, string][]): Promise<Record<string, unknown>> => {
      const all: [string, string][] = [['grant_type', 'refresh_token'], ['refresh_token', refresh_token], ...more]
      const reply = await harness.token(all, NO_SECRET)
      refresh_token = reply.body['refresh_token'] as string
      return harness.claims(access(reply))
    }
    expect(await refresh([['scope', 'read:/store/x']])).toMatchObject({ scope: 'read:/store/x', aud: SE })
    const resources: [string, string][] = [
      ['resource', 'https://a.example'],
      ['resource', 'https://b.example'],
    ]
    const all = 'openid read:/store write:/store/user/ana'
    const both = { scope: all, aud: ['https://a.example', 'https://b.example'] }
    expect(await refresh([['scope', all], ...resources])).toMatchObject(both)
    expect(await refresh([['audience', 'https://a.example https://b.example']])).toMatchObject(both)
  })
})

test('FTS: a submitted token for a refresh token of its own, which no scope beyond the submitted one comes out of', async () => {
  const fts = {
    clientId: 'fts',
    clientSecret: SECRET,
    grants: [EXCHANGE, 'refresh_token'] as const,
    scopes: ['read:/', 'write:/'],
    audiences: [SE],
    exchange: { from: ['*'], refresh: true },
  }
  const harness = await startIssuerForPeople({ clients: [{ ...APP, requirePkce: false }, fts] })
  const code = await codeFor(harness, [
    ['response_type', 'code'],
    ['client_id', 'app'],
    ['scope', 'read:/store/x'],
  ])
  const submitted = await harness.token({ grant_type: 'authorization_code', code }, basic('app', SECRET))
  const form = { grant_type: EXCHANGE, subject_token: access(submitted), subject_token_type: ACCESS_TOKEN }
  const exchanged = await harness.token({ ...form, scope: 'offline_access read:/ write:/' }, basic('fts', SECRET))
  expect(await harness.claims(access(exchanged))).toMatchObject({ scope: 'read:/store/x' })
  const refresh_token = exchanged.body['refresh_token'] as string
  const wider = { grant_type: 'refresh_token', refresh_token, scope: 'write:/' }
  expect((await harness.token(wider, basic('fts', SECRET))).body['error']).toBe('invalid_scope')
})

describe('the clients of the X.509 issuer', () => {
  test('find the token endpoint at the inserted place first, and read access_token from the reply', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, grants: ['client_credentials'] }] })
    const server = harness.issuer.buildServer()
    const inserted = await server.inject('/.well-known/oauth-authorization-server/vo')
    expect(inserted.headers['content-type']).toBe('application/json')
    expect(inserted.json().token_endpoint).toBe(`${harness.url}/token`)
    const reply = await harness.token({ grant_type: 'client_credentials' }, basic('app', SECRET))
    expect(access(reply)).toMatch(/^eyJ/)
  })
})
