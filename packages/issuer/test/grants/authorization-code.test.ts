import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, REDIRECT, SECRET, startIssuerForPeople } from '../support/harness.ts'

const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

function authorizeUrl({ url }: Harness, query: Record<string, string> = {}): URL {
  const address = new URL(`${url}/authorize`)
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    state: 'the state',
    ...query,
  }).toString()
  return address
}

async function codeOf(harness: Harness, query?: Record<string, string>): Promise<string> {
  const browser = new Browser(harness.issuer)
  const consent = await browser.submit(await browser.open(authorizeUrl(harness, query)), { subject: 'ana' })
  return (await browser.submit(consent, { answer: 'allow' })).leftTo!.searchParams.get('code')!
}

function redeem(harness: Harness, form: Record<string, string>, id = 'app'): ReturnType<Harness['token']> {
  const all = { grant_type: 'authorization_code', redirect_uri: REDIRECT, code_verifier: VERIFIER, ...form }
  return harness.token(all, basic(id, SECRET))
}

describe('the way of a person', () => {
  test('leads over login and consent back to the application, with state and iss', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    const login = await browser.open(authorizeUrl(harness, { scope: 'openid read:/store/data write:/store/user/ana' }))
    expect(login.text).toContain('Development login')
    const consent = await browser.submit(login, { subject: 'ana' })
    expect(consent.text).toContain('Allow Analysis Portal?')
    expect(consent.text).toContain('read files in <code>/store/data</code> and below')
    expect(consent.text).toContain('create, change and delete files in <code>/store/user/ana</code>')
    expect(consent.text).toContain('while you are away')
    const done = await browser.submit(consent, { answer: 'allow' })
    expect(done.leftTo!.origin + done.leftTo!.pathname).toBe(REDIRECT)
    expect(Object.fromEntries(done.leftTo!.searchParams)).toEqual({
      code: expect.any(String),
      state: 'the state',
      iss: harness.url,
    })
  })

  test('ends with access_denied when the person refuses', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    const consent = await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    const done = await browser.submit(consent, { answer: 'deny' })
    expect(Object.fromEntries(done.leftTo!.searchParams)).toMatchObject({ error: 'access_denied', state: 'the state' })
    expect(harness.audit.events.map(({ event }) => event)).toEqual(['login', 'consent_denied'])
  })

  test('needs no second login in the same session, but always a consent', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    expect((await browser.open(authorizeUrl(harness))).text).toContain('Allow Analysis Portal?')
    expect((await browser.open(authorizeUrl(harness, { prompt: 'login' }))).text).toContain('Development login')
    harness.clock.advance(100)
    expect((await browser.open(authorizeUrl(harness, { max_age: '60' }))).text).toContain('Development login')
  })

  test('believes no session of a clock that was years ahead', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    const years = 10 * 31_557_600
    harness.clock.advance(years)
    await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    expect((await browser.open(authorizeUrl(harness))).text).toContain('Allow Analysis Portal?')
    harness.clock.advance(-years)
    expect((await browser.open(authorizeUrl(harness))).text).toContain('Development login')
  })

  test('asks for no consent where the operator gave it', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, skipConsent: true }] })
    const browser = new Browser(harness.issuer)
    const done = await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    expect(done.leftTo!.searchParams.has('code')).toBe(true)
  })
})

describe('pages', () => {
  test('are never framed, fetch nothing, run nothing, and let forms go only where they must', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    const login = await browser.open(authorizeUrl(harness))
    const consent = await browser.submit(login, { subject: 'ana' })
    for (const page of [login, consent]) {
      expect(page.headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
      )
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(page.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      expect(page.text).not.toMatch(/<script|\son\w+=/)
    }
    expect(consent.headers['content-security-policy']).toContain("form-action 'self' https://app.example;")
  })

  test('escape whatever came from outside', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, clientName: '<img src=x onerror=alert(1)>' }] })
    const browser = new Browser(harness.issuer)
    const consent = await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    expect(consent.text).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(consent.text).not.toContain('<img')
  })

  test('are good in the browser of the person they were shown to only', async () => {
    const harness = await startIssuerForPeople()
    const [ana, eve] = [new Browser(harness.issuer), new Browser(harness.issuer)]
    const consent = await ana.submit(await ana.open(authorizeUrl(harness)), { subject: 'ana' })
    await eve.submit(await eve.open(authorizeUrl(harness)), { subject: 'eve' })
    expect((await eve.submit(consent, { answer: 'allow' })).status).toBe(400)
    harness.clock.advance(601)
    expect((await ana.submit(consent, { answer: 'allow' })).status).toBe(400)
  })

  test('of the login take no form from another browser, and lead nowhere else afterwards', async () => {
    const harness = await startIssuerForPeople()
    const [ana, eve] = [new Browser(harness.issuer), new Browser(harness.issuer)]
    const login = await ana.open(authorizeUrl(harness))
    await eve.open(authorizeUrl(harness))
    expect((await eve.submit(login, { subject: 'eve' })).status).toBe(400)
    for (const destination of [
      'https://evil.example/',
      `${harness.url}/token`,
      '//evil.example',
      'javascript:alert(1)',
    ]) {
      expect((await ana.open(`${harness.url}/login?continue=${encodeURIComponent(destination)}`)).status).toBe(400)
    }
  })
})

describe('an authorization request', () => {
  test.each([
    [{ client_id: 'nobody' }, 'not known'],
    [{ redirect_uri: 'https://app.example/callback/' }, 'not registered'],
    [{ redirect_uri: 'https://app.example.evil/callback' }, 'not registered'],
    [{ redirect_uri: 'http://app.example/callback' }, 'not registered'],
  ])('with %j is answered by a page and goes nowhere', async (query, text) => {
    const harness = await startIssuerForPeople()
    const page = await new Browser(harness.issuer).open(authorizeUrl(harness, query))
    expect([page.status, page.leftTo]).toEqual([400, undefined])
    expect(page.text).toContain(text)
  })

  test.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: '' }, 'invalid_request'],
    [{ request_uri: 'https://x.example' }, 'request_uri_not_supported'],
    [{ prompt: 'none' }, 'login_required'],
    [{ max_age: 'soon' }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
  ])('with %j goes back with %s', async (query, error) => {
    const harness = await startIssuerForPeople()
    const { leftTo } = await new Browser(harness.issuer).open(authorizeUrl(harness, query))
    expect(Object.fromEntries(leftTo!.searchParams)).toMatchObject({ error, state: 'the state', iss: harness.url })
  })

  test.each([
    [{ scope: 'read:/elsewhere' }, 'invalid_scope'],
    [{ audience: 'https://evil.example' }, 'invalid_target'],
    [{ prompt: 'none' }, 'consent_required'],
  ])('with %j goes back with %s once it is known who asks', async (query, error) => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    await browser.submit(await browser.open(authorizeUrl(harness)), { subject: 'ana' })
    const { leftTo } = await browser.open(authorizeUrl(harness, query))
    expect(leftTo!.searchParams.get('error')).toBe(error)
  })

  test('of a native application may name any port of its loopback address', async () => {
    const clients = [{ ...APP, redirectUris: ['http://localhost/cb', 'http://127.0.0.1:8080'] }]
    const harness = await startIssuerForPeople({ clients })
    const reply = async (redirect_uri: string): Promise<number> =>
      (await new Browser(harness.issuer).open(authorizeUrl(harness, { redirect_uri }))).status
    expect(await reply('http://localhost:42421/cb')).toBe(200)
    expect(await reply('http://127.0.0.1:50000')).toBe(200)
    expect(await reply('http://localhost:42421/other')).toBe(400)
    expect(await reply('http://localhost.evil.example:80/cb')).toBe(400)
  })
})

describe('a code', () => {
  test('gives access, refresh and ID token, for the person', async () => {
    const harness = await startIssuerForPeople()
    const reply = await loginByCode(harness, { scope: 'openid profile read:/store', nonce: 'n-1' })
    expect(reply.status).toBe(200)
    expect(await harness.claims(reply.body['access_token'] as string)).toMatchObject({
      sub: 'ana',
      client_id: 'app',
      scope: 'openid profile read:/store',
      aud: 'https://se.example.org',
    })
    const [, payload] = (reply.body['id_token'] as string).split('.')
    expect(JSON.parse(Buffer.from(payload!, 'base64url').toString())).toMatchObject({
      iss: harness.url,
      sub: 'ana',
      aud: 'app',
      nonce: 'n-1',
      preferred_username: 'ana',
      auth_time: harness.clock.now,
    })
    expect(reply.body['refresh_token']).toMatch(/^rt\./)
  })

  test('is good once; whoever comes second ends what the first one got', async () => {
    const harness = await startIssuerForPeople()
    const code = await codeOf(harness)
    const first = await redeem(harness, { code })
    expect(first.status).toBe(200)
    expect(await redeem(harness, { code })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const refresh = { grant_type: 'refresh_token', refresh_token: first.body['refresh_token'] as string }
    expect((await harness.token(refresh, basic('app', SECRET))).body['error']).toBe('invalid_grant')
    const inspected = await harness.post(
      '/introspect',
      { token: first.body['access_token'] as string },
      basic('app', SECRET),
    )
    expect(inspected.body).toEqual({ active: false })
  })

  test('is redeemed exactly once by any number of requests at the same time', async () => {
    const harness = await startIssuerForPeople()
    const code = await codeOf(harness)
    const replies = await Promise.all(Array.from({ length: 8 }, () => redeem(harness, { code })))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('is not used up by a client that fails to authenticate, or names the wrong verifier or redirect URI', async () => {
    const harness = await startIssuerForPeople({ clients: [APP, { ...APP, clientId: 'other' }] })
    const code = await codeOf(harness)
    expect(
      (await harness.token({ grant_type: 'authorization_code', code }, basic('app', 'wrong'.repeat(4)))).status,
    ).toBe(401)
    expect((await redeem(harness, { code, code_verifier: 'w'.repeat(43) })).body['error']).toBe('invalid_grant')
    expect((await redeem(harness, { code, code_verifier: '' })).body['error']).toBe('invalid_grant')
    expect((await redeem(harness, { code, redirect_uri: 'https://app.example/other' })).body['error']).toBe(
      'invalid_grant',
    )
    expect((await redeem(harness, { code, redirect_uri: '' })).body['error']).toBe('invalid_grant')
    expect((await redeem(harness, { code }, 'other')).body['error']).toBe('invalid_grant')
    expect((await redeem(harness, { code })).status).toBe(200)
  })

  test('dies after its time', async () => {
    const harness = await startIssuerForPeople()
    const code = await codeOf(harness)
    harness.clock.advance(61)
    expect((await redeem(harness, { code })).body['error']).toBe('invalid_grant')
  })

  test('of a client without PKCE works without, and refuses a verifier out of nowhere', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, requirePkce: false }] })
    const plain = { code_challenge: '', code_challenge_method: '' }
    expect((await redeem(harness, { code: await codeOf(harness, plain) })).body['error']).toBe('invalid_grant')
    expect((await redeem(harness, { code: await codeOf(harness, plain), code_verifier: '' })).status).toBe(200)
    // A challenge that was sent is enforced all the same.
    expect((await redeem(harness, { code: await codeOf(harness), code_verifier: '' })).body['error']).toBe(
      'invalid_grant',
    )
  })

  test('is kept as a keyed hash only', async () => {
    const harness = await startIssuerForPeople()
    const code = await codeOf(harness)
    const entries = await harness.issuer.realms[0]!.store.list(harness.url, 'code')
    expect(entries).toHaveLength(1)
    expect(JSON.stringify(entries)).not.toContain(code)
  })
})

test('the development login refuses an issuer that is not on this machine', async () => {
  await expect(startIssuerForPeople({ issuer: 'https://issuer.example' })).rejects.toMatchObject({
    code: 'config_error',
  })
})
