// People log in at an independent OpenID provider (oidc-provider), over real HTTP on both sides.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openIssuer, type Issuer, MemoryAudit, OpenIdLogin } from '@scitokens/issuer'
import { Parameters } from '../../src/http/parameters.ts'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SECRET } from '../support/harness.ts'
import { WebBrowser, type WebPage } from '@scitokens-tests/programs/web-browser'

let provider: Server
let providerUrl: string
let issuer: Issuer
let url: string
/** An issuer whose subjects are addresses. */
let byAddress: Issuer
let byAddressUrl: string
const audit = new MemoryAudit()

async function freePort(): Promise<number> {
  const reserved = createServer().listen(0, '127.0.0.1')
  await once(reserved, 'listening')
  const { port } = reserved.address() as AddressInfo
  reserved.close()
  await once(reserved, 'close')
  return port
}

/** What the provider says about an address, by the name that logs in. */
const ADDRESSES: Readonly<Record<string, object>> = {
  verified: { email: 'ana@example.org', email_verified: true },
  unverified: { email: 'ana@example.org', email_verified: false },
  silent: { email: 'ana@example.org' },
  text: { email: 'ana@example.org', email_verified: 'true' },
}

beforeAll(async () => {
  // The issuers' addresses must be known to the provider before any of them is made.
  const [port, otherPort] = [await freePort(), await freePort()]
  url = `http://127.0.0.1:${port}`
  byAddressUrl = `http://127.0.0.1:${otherPort}`

  provider = createServer()
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  providerUrl = `http://localhost:${(provider.address() as AddressInfo).port}`
  const oidc = new Provider(providerUrl, {
    clients: [
      { client_id: 'vo-issuer', client_secret: SECRET, redirect_uris: [`${url}/login`, `${byAddressUrl}/login`] },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ana Lyst', groups: ['/vo/analysis', 'no group'], ...ADDRESSES[id] }),
    }),
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
  })
  const handle = oidc.callback()
  provider.on('request', (request, response) => void handle(request, response))

  issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    login: new OpenIdLogin({
      issuer: providerUrl,
      clientId: 'vo-issuer',
      clientSecret: SECRET,
      groupsClaim: 'groups',
      dangerouslyAllowLoopbackHttp: true,
    }),
    policy: {
      rules: [
        { match: { kind: 'user' }, scopes: ['read:/store'] },
        { match: { claim: { email: ['ana@example.org'] } }, scopes: ['read:/vip'] },
      ],
    },
    clients: [
      {
        clientId: 'app',
        clientSecret: SECRET,
        clientName: 'Analysis Portal',
        grants: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code'],
        redirectUris: ['http://127.0.0.1:9/callback'],
        requirePkce: false,
        scopes: ['read:/store', 'read:/vip'],
        audiences: ['https://se.example'],
      },
    ],
  })
  await issuer.listen({ port })
  byAddress = await openIssuer({
    issuer: byAddressUrl,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    audit,
    login: new OpenIdLogin({
      issuer: providerUrl,
      clientId: 'vo-issuer',
      clientSecret: SECRET,
      subjectClaim: 'email',
      dangerouslyAllowLoopbackHttp: true,
    }),
  })
  await byAddress.listen({ port: otherPort })
}, 180_000)

afterAll(async () => {
  await issuer.close()
  await byAddress.close()
  provider.closeAllConnections()
  provider.close()
})

/** Logs in and consents at the provider, whose pages ask for a name and then for a yes. */
async function logIn(browser: WebBrowser, name: string, at: string = url): Promise<WebPage> {
  const login = await browser.open(`${at}/device`)
  expect(login.url.origin).toBe(providerUrl)
  const consent = await browser.submit(login, { prompt: 'login', login: name, password: 'any' })
  return browser.submit(consent, { prompt: 'consent' })
}

describe('login by OpenID Connect', () => {
  test.each([
    ['verified', 'read vip'],
    ['unverified', 'read'],
    ['silent', 'read'],
    ['text', 'read'],
  ])('a rule that asks for an address counts only where it was verified: %s', async (name, granted) => {
    const browser = new WebBrowser()
    await logIn(browser, name)
    const page = await browser.open(`${url}/authorize?response_type=code&client_id=app&scope=read:/store read:/vip`)
    expect(page.status).toBe(200)
    expect(page.text.includes('/vip') ? 'read vip' : 'read').toBe(granted)
  })

  test('comes back to the page it was needed for, as the person the provider named', async () => {
    const page = await logIn(new WebBrowser(), 'ana')
    expect(page.url.href).toBe(`${url}/device`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Ana Lyst')
  })

  test('uses PKCE, state and nonce, new each time, and never puts the verifier into an address', async () => {
    const asked = []
    for (const browser of [new WebBrowser(), new WebBrowser()]) {
      await browser.open(`${url}/device`)
      asked.push(browser.visited.find(({ pathname }) => pathname === '/auth')!.searchParams)
    }
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(asked[0]!.get(name)).toMatch(/^[\w-]{43}$/)
      expect(asked[0]!.get(name)).not.toBe(asked[1]!.get(name))
    }
    expect(asked[0]!.get('code_challenge_method')).toBe('S256')
  })

  /** Begins a login; gives the address of the answer with what a test changes in it. */
  async function answer(browser: WebBrowser, change: Record<string, string>): Promise<WebPage> {
    await browser.open(`${url}/device`)
    const state = browser.visited.find(({ pathname }) => pathname === '/auth')!.searchParams.get('state')!
    const back = new URL(`${url}/login`)
    back.search = new URLSearchParams({ code: 'stolen', state, iss: providerUrl, ...change }).toString()
    return browser.open(back)
  }

  test.each([
    ['another state (login CSRF)', { state: 'x'.repeat(43) }, 400],
    ['the name of another provider (mix-up)', { iss: 'https://evil.example' }, 400],
    ['a code that the provider does not know', {}, 502],
  ])('refuses an answer with %s, and nobody is logged in', async (_, change, status) => {
    const browser = new WebBrowser()
    const page = await answer(browser, change)
    expect(page.status).toBe(status)
    expect(page.text).toContain('You are not logged in')
    expect([...browser.cookies.keys()]).not.toContain('scitokens_session')
    // Nothing of what was sent is shown again.
    expect(page.text).not.toContain('stolen')
  })

  test.each([
    ['prompt=login', true],
    ['max_age=0', true],
    ['prompt=consent', false],
  ])('asks the provider for a new proof where the application wants one: %s', async (wish, again) => {
    const browser = new WebBrowser()
    await logIn(browser, 'ana')
    const session = browser.cookies.get('scitokens_session')
    browser.visited.length = 0
    const page = await browser.open(`${url}/authorize?response_type=code&client_id=app&scope=read:/store&${wish}`)
    const asked = browser.visited.find(({ pathname }) => pathname === '/auth')
    expect(asked?.searchParams.get('prompt')).toBe(again ? 'login' : undefined)
    expect(page.url.origin).toBe(again ? providerUrl : url)
    if (!again) return
    // The provider knows the person, and yet the password is asked for; then no third time.
    const done = await browser.submit(page, { prompt: 'login', login: 'ana', password: 'any' })
    expect(done.text).toContain('Allow Analysis Portal?')
    expect(browser.cookies.get('scitokens_session')).not.toBe(session)
  })

  test('takes an answer only where all of state, nonce and verifier were remembered: after a failed login none of them are', async () => {
    const login = new OpenIdLogin({
      issuer: providerUrl,
      clientId: 'vo-issuer',
      clientSecret: SECRET,
      dangerouslyAllowLoopbackHttp: true,
    })
    const back = new URL(`${url}/login?code=of-somebody-else&iss=${encodeURIComponent(providerUrl)}`)
    const all = { state: 's', nonce: 'n', verifier: 'v' }
    const lacking = [{}, { ...all, state: '' }, { state: 's', nonce: 'n' }, { nonce: 'n', verifier: 'v' }]
    for (const remembered of [undefined, ...lacking]) {
      const request = { remembered, url: back, parameters: Parameters.parse(back.search.slice(1)), again: false }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const step = await login.step({ ...request, loginUrl: `${url}/login` } as never)
      // The answer is not even looked at: the login begins anew.
      expect(step).toMatchObject({ redirect: expect.stringContaining(`${providerUrl}/auth?`) })
    }
    const browser = new WebBrowser()
    await answer(browser, { error: 'access_denied', code: '' })
    browser.visited.length = 0
    expect((await browser.open(back)).url.origin).toBe(providerUrl)
    expect([...browser.cookies.keys()]).not.toContain('scitokens_session')
  })

  test('takes an address as the subject only where the provider says that it was verified', async () => {
    const browser = new WebBrowser()
    const page = await logIn(browser, 'verified', byAddressUrl)
    expect(page.url.href).toBe(`${byAddressUrl}/device`)
    expect(audit.events).toMatchObject([{ event: 'login', subject: 'ana@example.org' }])
  })

  test.each(['unverified', 'silent', 'text'])(
    'refuses an address as the subject that is %s, and nobody is logged in',
    async (name) => {
      const browser = new WebBrowser()
      const page = await logIn(browser, name, byAddressUrl)
      expect(page.status).toBe(502)
      expect(page.text).toContain('does not say that your address was verified')
      expect([...browser.cookies.keys()]).not.toContain('scitokens_session')
    },
  )

  test('refuses an answer in a browser that began no login', async () => {
    const page = await new WebBrowser().open(`${url}/login?code=x&state=y`)
    expect(page.status).toBe(400)
    expect(page.text).toContain('not begun here')
  })

  test('refuses an answer a second time', async () => {
    const browser = new WebBrowser()
    await logIn(browser, 'ana')
    const back = browser.visited.find(
      ({ pathname, searchParams }) => pathname === '/login' && searchParams.has('code'),
    )!
    expect((await browser.open(back)).status).toBe(400)
  })

  test('tells a refusal at the provider, and lets the person try again', async () => {
    const browser = new WebBrowser()
    const page = await answer(browser, { error: 'access_denied', code: '' })
    expect(page.status).toBe(403)
    expect(page.text).toContain('The login was refused.')
    expect((await browser.submit(page)).url.origin).toBe(providerUrl)
  })

  test('says that the provider is away: nobody is told that their login was wrong', async () => {
    const away = new OpenIdLogin({
      issuer: 'http://127.0.0.1:9',
      clientId: 'x',
      clientSecret: SECRET,
      timeoutSeconds: 1,
      dangerouslyAllowLoopbackHttp: true,
    })
    const step = await away.step({ remembered: undefined, loginUrl: `${url}/login` } as never)
    expect(step).toMatchObject({ status: 503, title: 'You are not logged in' })
  })

  test.each([
    ['authorization_endpoint', 'https://idp.exa\tmple/auth'],
    ['authorization_endpoint', 'javascript:alert(1)'],
    ['token_endpoint', 'http://idp.example/token'],
    ['userinfo_endpoint', 'https:\\\\idp.example'],
    ['jwks_uri', 'https://idp.example/\n'],
  ])('sends nobody to a provider whose %s is %j', async (member, address) => {
    const broken = createServer((_, response) => {
      const at = (path: string): string => `${brokenUrl}/${path}`
      const document = {
        issuer: brokenUrl,
        authorization_endpoint: at('auth'),
        token_endpoint: at('token'),
        userinfo_endpoint: at('me'),
        jwks_uri: at('jwks'),
        [member]: address,
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    }).listen(0, '127.0.0.1')
    await once(broken, 'listening')
    const brokenUrl = `http://localhost:${(broken.address() as AddressInfo).port}`
    const login = new OpenIdLogin({
      issuer: brokenUrl,
      clientId: 'x',
      clientSecret: SECRET,
      dangerouslyAllowLoopbackHttp: true,
    })
    const step = await login.step({ remembered: undefined, loginUrl: `${url}/login` } as never)
    expect(step).toMatchObject({ status: 502 })
    expect(JSON.stringify(step)).toContain(`its ${member} is no https URL`)
    broken.closeAllConnections()
    broken.close()
  })

  test.each([
    [undefined, []],
    ['sub', []],
    ['email', [/gives to somebody else/]],
    ['preferred_username', [/choose or change such claims/]],
  ])('remarks on a subject that may come to be somebody else’s: %s', (subjectClaim, remarks) => {
    const options = { issuer: 'https://idp.example', clientId: 'x', clientSecret: SECRET }
    const login = new OpenIdLogin({ ...options, ...(subjectClaim !== undefined && { subjectClaim }) })
    expect(login.remarks).toEqual(remarks.map((remark) => expect.stringMatching(remark)))
  })

  test.each([
    ['plain HTTP', { issuer: 'http://idp.example' }, 'insecure_url'],
    ['no secret', { clientSecret: '' }, 'config_error'],
  ])('refuses a configuration with %s', (_, change, code) => {
    const options = { issuer: 'https://idp.example', clientId: 'x', clientSecret: SECRET, ...change }
    expect(() => new OpenIdLogin(options)).toThrow(expect.objectContaining({ code }))
  })
})
