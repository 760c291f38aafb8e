// Rules of RFC 9700 and RFC 6819 that no other test shows; docs/security.md names each of them.
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { openIssuer, MemoryAudit } from '@scitokens/issuer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Browser, type Seen } from './support/browser.ts'
import {
  APP,
  basic,
  type Harness,
  loginByCode,
  REDIRECT,
  ROBOT,
  SECRET,
  startIssuer,
  startIssuerForPeople,
  TestClock,
} from './support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const ANA = { name: 'test', step: async () => ({ person: { subject: 'ana', groups: [] } }) }

function authorizeUrl(url: string, query: Record<string, string> = {}): string {
  const all = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
    ...query,
  }
  return `${url}/authorize?${new URLSearchParams(all).toString()}`
}

async function register(harness: Harness, more: object = {}): Promise<Record<string, string>> {
  const reply = await harness.issuer.buildServer().inject({
    method: 'POST',
    url: '/vo/register',
    headers: { 'content-type': 'application/json' },
    payload: { redirect_uris: ['https://phish.example/cb'], client_name: 'Analysis Portal', ...more },
  })
  return reply.json()
}

describe('an application that registered itself', () => {
  const start = (): Promise<Harness> =>
    startIssuerForPeople({ registration: { scopes: ['read:/store'], audiences: ['https://se.example.org'] } })

  test('is never gone to by a link alone: a bad request ends on a page that says who is behind it', async () => {
    const harness = await start()
    const { client_id } = await register(harness)
    const bad = { client_id: client_id!, redirect_uri: 'https://phish.example/cb', state: 's' }
    for (const query of [{ response_type: 'bogus' }, { prompt: 'none' }, { code_challenge: '' }]) {
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      const page = await new Browser(harness.issuer).open(authorizeUrl(harness.url, { ...bad, ...query }))
      expect([page.status, page.leftTo]).toEqual([400, undefined])
      expect(page.text).toContain('<code>https://phish.example</code>')
      expect(page.text).toMatch(/href="https:\/\/phish\.example\/cb\?error=[^"]*&amp;state=s&amp;iss=/)
    }
  })

  test('is shown to people as one that nobody has checked, until an operator did', async () => {
    const harness = await start()
    const { client_id } = await register(harness)
    const query = { client_id: client_id!, redirect_uri: 'https://phish.example/cb' }
    const consent = async (): Promise<Seen> => {
      const browser = new Browser(harness.issuer)
      return browser.submit(await browser.open(authorizeUrl(harness.url, query)), { subject: 'ana' })
    }
    expect((await consent()).text).toContain('Nobody here has checked it')
    const browser = new Browser(harness.issuer)
    const own = await browser.submit(await browser.open(authorizeUrl(harness.url)), { subject: 'ana' })
    expect(own.text).not.toContain('Nobody here has checked it')
    const { store } = harness.issuer.realms[0]!
    const entry = (await store.get<object>({ realm: harness.url, kind: 'client', id: client_id! }))!
    await store.commit([{ replace: entry, value: { ...entry.value, approved: {} }, expiresAt: undefined }])
    expect((await consent()).text).not.toContain('Nobody here has checked it')
  })

  test('is shown as such on the device page, too', async () => {
    const harness = await start()
    const { client_id, client_secret } = await register(harness, { grant_types: [DEVICE] })
    const { body } = await harness.post('/device_authorization', {}, basic(client_id!, client_secret!))
    const browser = new Browser(harness.issuer)
    const login = await browser.open(body['verification_uri'] as string)
    const page = await browser.submit(login, { subject: 'ana' })
    const confirm = await browser.submit(page, { user_code: body['user_code'] as string })
    expect(confirm.text).toContain('Nobody here has checked it')
  })
})

describe('a client', () => {
  test.each([
    'http://app.example/cb',
    'https://app.example/cb#x',
    'https://ana@app.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://127.0.0.1.evil.example/cb',
    'com.example.app:/cb\u0000',
  ])('has redirect URIs with TLS, on loopback or of a scheme of its own, configured ones too: not %j', async (uri) => {
    await expect(startIssuerForPeople({ clients: [{ ...APP, redirectUris: [uri] }] })).rejects.toThrow('redirectUris')
    const harness = await startIssuerForPeople({ registration: {} })
    expect(await register(harness, { redirect_uris: [uri] })).toMatchObject({ error: 'invalid_redirect_uri' })
  })

  test('that registers itself has an id that it did not choose, and no tokens for itself', async () => {
    const harness = await startIssuerForPeople({ registration: { scopes: ['read:/store'] } })
    const wish = { client_id: 'ana', grant_types: ['client_credentials', 'authorization_code'] }
    const { client_id, client_secret } = await register(harness, wish)
    expect(client_id).toMatch(/^dyn-[\w-]{16}$/)
    const reply = await harness.token({ grant_type: 'client_credentials' }, basic(client_id!, client_secret!))
    expect(reply.body['error']).toBe('unauthorized_client')
  })
})

describe('a client without credentials', () => {
  const PUBLIC = { clientId: 'desktop', redirectUris: ['http://127.0.0.1/cb'], scopes: ['read:/store'] }

  test('always has its consent asked for and its refresh tokens rotated, whatever is configured', async () => {
    const start = (more: object, realm: object = {}): Promise<Harness> =>
      startIssuerForPeople({ clients: [{ ...PUBLIC, ...more }], ...realm })
    await expect(start({ skipConsent: true })).rejects.toThrow('skipConsent: needs a client with credentials')
    await expect(start({ refresh: { rotate: false } })).rejects.toThrow('refresh.rotate: is always on')
    const harness = await start({}, { refresh: { rotate: false } })
    expect((await harness.issuer.realms[0]!.clients.find('desktop'))!.refresh.rotate).toBe(true)
  })

  test('cannot do without PKCE', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...PUBLIC, requirePkce: false }] })
    const query = { client_id: 'desktop', redirect_uri: 'http://127.0.0.1:1234/cb' }
    const url = new URL(authorizeUrl(harness.url, query))
    url.searchParams.delete('code_challenge')
    url.searchParams.delete('code_challenge_method')
    const { leftTo } = await new Browser(harness.issuer).open(url)
    expect(leftTo!.searchParams.get('error')).toBe('invalid_request')
  })
})

describe('the pages', () => {
  test('redirect with 303 after every form, so that no form is sent on', async () => {
    const harness = await startIssuerForPeople()
    const server = harness.issuer.buildServer()
    const cookies = new Map<string, string>()
    const send = async (method: 'GET' | 'POST', url: string, form?: Record<string, string>) => {
      const reply = await server.inject({
        method,
        url: url.replace('http://127.0.0.1:9999', ''),
        headers: {
          cookie: [...cookies].map((pair) => pair.join('=')).join('; '),
          ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form && { payload: new URLSearchParams(form).toString() }),
      })
      for (const { name, value } of reply.cookies) cookies.set(name, value)
      return reply
    }
    const hidden = (text: string): string => /type="hidden" name="\w+" value="([^"]*)"/.exec(text)![1]!
    const begun = await send('GET', authorizeUrl(harness.url))
    const login = await send('GET', begun.headers.location!)
    const done = await send('POST', '/vo/login', { subject: 'ana', page: hidden(login.body) })
    const consent = await send('GET', done.headers.location!)
    const back = await send('POST', '/vo/authorize/consent', { page: hidden(consent.body), answer: 'allow' })
    expect([begun, done, back].map(({ statusCode }) => statusCode)).toEqual([303, 303, 303])
    expect(back.headers.location).toMatch(/^https:\/\/app\.example\/callback\?code=/)
  })

  test('and the authorization endpoint are closed to scripts of other origins (CORS)', async () => {
    const harness = await startIssuerForPeople()
    const server = harness.issuer.buildServer()
    const headers = { origin: 'https://evil.example' }
    for (const url of [authorizeUrl(''), '/login?continue=x', '/device', '/applications']) {
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      const reply = await server.inject({ url: `/vo${url}`, headers })
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('keep their cookies from scripts, from plain HTTP and from other sites', async () => {
    const { issuer } = await startIssuer({ clients: [ROBOT, APP], login: ANA })
    const reply = await issuer.buildServer().inject('/vo/login?continue=https%3A%2F%2Fissuer.example%2Fvo%2Fdevice')
    expect(reply.headers['set-cookie']).toContainEqual(
      expect.stringMatching(
        /^__Secure-scitokens_session=[\w-]+; Max-Age=28800; Path=\/vo\/; HttpOnly; SameSite=Lax; Secure$/,
      ),
    )
  })

  test('take no cookie that was changed, is of another issuer, or too old', async () => {
    const clock = new TestClock()
    const issuer = await openIssuer({
      realms: ['a', 'b'].map((vo) => ({ issuer: `https://issuer.example/${vo}`, login: ANA, clients: [APP] })),
      storage: { memory: true },
      audit: new MemoryAudit(),
      clock: clock.read,
    })
    onTestFinished(() => issuer.close())
    const server = issuer.buildServer()
    const to = encodeURIComponent('https://issuer.example/a/applications')
    const reply = await server.inject(`/a/login?continue=${to}`)
    const { name, value } = reply.cookies.at(-1)!
    // 303: off to the login.
    const see = async (vo: string, cookie: string): Promise<number> =>
      (await server.inject({ url: `/${vo}/applications`, headers: { cookie: `${name}=${cookie}` } })).statusCode
    expect(await see('a', value)).toBe(200)
    expect(await see('a', (value.startsWith('A') ? 'B' : 'A') + value.slice(1))).toBe(303)
    expect(await see('a', value.slice(0, 20))).toBe(303)
    expect(await see('b', value)).toBe(303)
    clock.advance(28_801)
    expect(await see('a', value)).toBe(303)
  })
})

describe('codes and tokens', () => {
  test('are 256 random bits, or a name nobody can complete without the key: guessing is hopeless', async () => {
    const harness = await startIssuerForPeople()
    const device = await harness.post('/device_authorization', {}, basic('app', SECRET))
    expect(device.body['device_code']).toMatch(/^[\w-]{43}$/)
    expect((await loginByCode(harness)).body['refresh_token']).toMatch(/^rt\.[\w-]{22}\.1\.[\w-]{43}$/)
    const browser = new Browser(harness.issuer)
    const consent = await browser.submit(await browser.open(authorizeUrl(harness.url)), { subject: 'ana' })
    const { leftTo } = await browser.submit(consent, { answer: 'allow' })
    expect(leftTo!.searchParams.get('code')).toMatch(/^[\w-]{43}$/)
  })

  test('a code is good for the client it was made for, and another one that brings it changes nothing', async () => {
    const other = { ...APP, clientId: 'other' }
    const harness = await startIssuerForPeople({ clients: [{ ...APP, requirePkce: false }, other] })
    const browser = new Browser(harness.issuer)
    const query = 'response_type=code&client_id=app'
    const consent = await browser.submit(await browser.open(`${harness.url}/authorize?${query}`), { subject: 'ana' })
    const code = (await browser.submit(consent, { answer: 'allow' })).leftTo!.searchParams.get('code')!
    const form = { grant_type: 'authorization_code', code }
    expect((await harness.token(form, basic('other', SECRET))).body['error']).toBe('invalid_grant')
    expect((await harness.token(form, basic('app', SECRET))).status).toBe(200)
  })

  test('no answer with a token may be kept', async () => {
    const harness = await startIssuerForPeople({ registration: {} })
    const login = await loginByCode(harness, { scope: 'openid' })
    const token = login.body['access_token'] as string
    const server = harness.issuer.buildServer()
    const headers = { 'content-type': 'application/json' }
    const payload = { redirect_uris: ['https://new.example/cb'] }
    const replies = [
      login,
      await harness.post('/introspect', { token }, basic('app', SECRET)),
      await harness.post('/device_authorization', {}, basic('app', SECRET)),
      await harness.token({ grant_type: 'unheard-of' }),
      await server.inject({ url: '/vo/userinfo', headers: { authorization: `Bearer ${token}` } }),
      await server.inject({ method: 'POST', url: '/vo/register', headers, payload }),
    ]
    expect(replies.map((reply) => reply.headers['cache-control'])).toEqual(replies.map(() => 'no-store'))
  })

  test('a token in the address is not read, and there is no place that would', async () => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness, { scope: 'openid' })
    const token = login.body['access_token'] as string
    const server = harness.issuer.buildServer()
    expect((await server.inject(`/vo/userinfo?access_token=${token}`)).statusCode).toBe(401)
    const introspect = await server.inject({
      method: 'POST',
      url: `/vo/introspect?token=${token}`,
      headers: { ...basic('app', SECRET), 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(introspect.json().error).toBe('invalid_request')
    const query = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'robot', client_secret: SECRET })
    expect((await server.inject(`/vo/token?${query.toString()}`)).statusCode).toBe(404)
    expect((await server.inject({ method: 'POST', url: `/vo/token?${query.toString()}` })).statusCode).toBe(400)
  })

  test('nothing secret is in the log or the audit after logins, refreshes, refusals and a fault of the database', async () => {
    const lines: string[] = []
    const log = (...args: unknown[]): void => void lines.push(inspect(args, { depth: 10 }))
    const logger = { debug: log, info: log, warn: log, error: log }
    const harness = await startIssuerForPeople({}, { logger })
    const login = await loginByCode(harness, { scope: 'openid read:/store offline_access' })
    const refresh_token = login.body['refresh_token'] as string
    const refreshed = await harness.token({ grant_type: 'refresh_token', refresh_token }, basic('app', SECRET))
    await harness.token({ grant_type: 'refresh_token', refresh_token: `${refresh_token}x` }, basic('app', SECRET))
    await harness.token({ grant_type: 'client_credentials' }, basic('app', 'another-secret-of-enough-length'))
    harness.issuer.realms[0]!.store.get = async () => {
      throw new Error('the database is gone')
    }
    await harness.token({ grant_type: 'refresh_token', refresh_token }, basic('app', SECRET))
    const all = lines.join('\n') + JSON.stringify(harness.audit.events)
    expect(all).toContain('the database is gone')
    for (const secret of [
      SECRET,
      'another-secret-of-enough-length',
      ...[login, refreshed].flatMap(({ body }) => [body['access_token'], body['refresh_token'], body['id_token']]),
    ]) {
      if (typeof secret === 'string') expect(all).not.toContain(secret.slice(-20))
    }
  })
})

test('a request that is no HTTP is cut off without a word about what runs here', async () => {
  const harness = await startIssuerForPeople()
  const { port } = new URL(await harness.issuer.listen({ host: '127.0.0.1', port: 0 }))
  const text = await new Promise<string>((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nbad header\r\n\r\n'))
    socket.on('data', (chunk) => (answer += chunk.toString())).on('close', () => resolve(answer))
    socket.on('error', reject)
  })
  expect(text).toMatch(/^HTTP\/1\.1 400/)
  expect(text).not.toMatch(/fastify|node/i)
})
