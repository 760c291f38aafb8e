// People in a browser: Debian's Chromium, with an independent OpenID provider (oidc-provider) where they log in.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import axe from 'axe-core'
import { createIssuer, type Issuer, MemoryAudit, OpenIdLogin } from '@scitokens/issuer'
import { Provider } from 'oidc-provider'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../src/chromium.ts'
import { freePort } from '../src/ports.ts'
import { requirePrograms } from '../src/programs.ts'

const SECRET = 'a-secret-of-the-interop-rig-only'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
/** Set it to a directory to look at the pages. */
const SCREENSHOTS = process.env['SCITOKENS_SCREENSHOTS']

let browser: Browser
let provider: Server
let issuer: Issuer
let url: string
let application: Server
let applicationUrl: string
const audit = new MemoryAudit()
/** How far the issuer's clock is ahead: to see what is too old without waiting. */
let ahead = 0
/** Changes the provider's answer on its way through the browser. */
let tamper: (answer: URL) => void = () => {}
const contexts: BrowserContext[] = []

beforeAll(async () => {
  requirePrograms({ chromium: 'chromium' })
  browser = await launchChromium()
  const port = await freePort()
  url = `http://localhost:${port}`
  provider = createServer().listen(0, '127.0.0.1')
  // The application that people come from and go back to.
  application = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<h1>back at the portal</h1>'),
  )
  application.listen(0, '127.0.0.1')
  await Promise.all([once(provider, 'listening'), once(application, 'listening')])
  applicationUrl = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  // Another host name than the issuer's: cookies do not tell ports apart.
  const providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  const oidc = new Provider(providerUrl, {
    clients: [{ client_id: 'vo', client_secret: SECRET, redirect_uris: [`${url}/login`] }],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} at Home` }) }),
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
  })
  const handle = oidc.callback()
  provider.on('request', (request, response) => {
    const setHeader = response.setHeader.bind(response)
    response.setHeader = (name, value) => {
      if (name.toLowerCase() !== 'location' || !String(value).startsWith(`${url}/login`)) return setHeader(name, value)
      const answer = new URL(String(value))
      tamper(answer)
      return setHeader(name, answer.href)
    }
    void handle(request, response)
  })
  issuer = await createIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    audit,
    clock: () => Date.now() / 1000 + ahead,
    login: new OpenIdLogin({
      issuer: providerUrl,
      clientId: 'vo',
      clientSecret: SECRET,
      dangerouslyAllowLoopbackHttp: true,
    }),
    clients: [
      {
        clientId: 'portal',
        clientSecret: SECRET,
        clientName: 'Analysis <b>Portal</b>',
        grants: ['authorization_code', 'refresh_token', DEVICE],
        redirectUris: [`${applicationUrl}/callback`],
        requirePkce: false,
        scopes: ['read:/store', 'write:/store/user/{sub}'],
        audiences: ['https://storage.example'],
      },
    ],
  })
  await issuer.listen({ host: '127.0.0.1', port })
})

afterEach(async () => {
  ahead = 0
  tamper = () => {}
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})
afterAll(async () => {
  await browser?.close()
  await issuer?.close()
  for (const server of [provider, application]) {
    server?.closeAllConnections()
    server?.close()
  }
})

interface Opened {
  readonly page: Page
  /** What the browser complained about: a violated Content-Security-Policy among it. */
  readonly complaints: string[]
}

async function open(options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options })
  contexts.push(context)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && page.url().startsWith(url)) complaints.push(message.text())
  })
  return { page, complaints }
}

/** Clicks and waits for the page that follows. */
async function clickThrough(page: Page, button: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.click(button)])
}

/** Logs in at the provider: its pages ask for a name, then for a yes. */
async function logIn(page: Page, name = 'ana'): Promise<void> {
  await page.fill('input[name=login]', name)
  await page.fill('input[name=password]', 'any')
  await clickThrough(page, 'button[type=submit]')
  await clickThrough(page, 'button[type=submit]')
  await page.waitForURL(`${url}/**`)
}

function authorizeUrl(more: Record<string, string> = {}): string {
  const query = {
    response_type: 'code',
    client_id: 'portal',
    redirect_uri: `${applicationUrl}/callback`,
    state: 'kept',
    ...more,
  }
  return `${url}/authorize?${new URLSearchParams(query).toString()}`
}

async function beginDevice(): Promise<Record<string, string>> {
  const response = await fetch(`${url}/device_authorization`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`portal:${SECRET}`)}` },
    body: new URLSearchParams({ scope: 'read:/store offline_access' }),
  })
  return (await response.json()) as Record<string, string>
}

describe('consent, without JavaScript', () => {
  test('says in plain words what the application will be able to do, and the person allows it', async () => {
    const { page, complaints } = await open()
    await page.goto(authorizeUrl({ scope: 'read:/store write:/store/user/ana offline_access' }))
    await logIn(page)
    expect(await page.textContent('h1')).toBe('Allow Analysis <b>Portal</b>?')
    const wishes = await page.locator('li').allTextContents()
    expect(wishes).toEqual([
      'read files in /store and below',
      'create, change and delete files in /store/user/ana and below',
      'do so at https://storage.example',
      'go on doing so while you are away, until you revoke it',
    ])
    await clickThrough(page, 'button[value=allow]')
    const back = new URL(page.url())
    expect(back.origin + back.pathname).toBe(`${applicationUrl}/callback`)
    expect(Object.fromEntries(back.searchParams)).toEqual({ code: expect.any(String), state: 'kept', iss: url })
    expect(complaints).toEqual([])
  })

  test('is refused by one button, and the application learns nothing but that', async () => {
    const { page } = await open()
    await page.goto(authorizeUrl({ scope: 'read:/store' }))
    await logIn(page)
    await clickThrough(page, 'button[value=deny]')
    const back = new URL(page.url())
    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.has('code')).toBe(false)
    expect(audit.events.at(-1)).toMatchObject({ event: 'consent_denied', subject: 'ana' })
  })

  test('can be given with the keyboard alone', async () => {
    const { page } = await open()
    await page.goto(authorizeUrl({ scope: 'read:/store' }))
    await logIn(page)
    await page.keyboard.press('Tab')
    expect(await page.locator('button[value=allow]').evaluate((button) => button === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${applicationUrl}/**`)
    expect(new URL(page.url()).searchParams.has('code')).toBe(true)
  })
})

describe('the device page', () => {
  test('takes the code, says what will be allowed, and connects the device', async () => {
    const begun = await beginDevice()
    const { page, complaints } = await open()
    await page.goto(begun['verification_uri']!)
    await logIn(page)
    await page.fill('input[name=user_code]', begun['user_code']!.toLowerCase().replace('-', ' '))
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('read files in /store and below')
    await clickThrough(page, 'button[value=allow]')
    expect(await page.textContent('h1')).toContain('Your device is connected')
    expect(complaints).toEqual([])
  })

  test('refuses a wrong code in words, and lets the person type again', async () => {
    const { page } = await open()
    await page.goto(`${url}/device`)
    await logIn(page)
    await page.fill('input[name=user_code]', 'BBBB-BBBB')
    await clickThrough(page, 'button')
    expect(await page.textContent('[role=alert]')).toMatch(/code/i)
    expect(await page.locator('input[name=user_code]').count()).toBe(1)
  })
})

/** Allows the portal and redeems its code: the refresh token. */
async function connectPortal(page: Page, query: Record<string, string>): Promise<string> {
  await page.goto(authorizeUrl(query))
  await clickThrough(page, 'button[value=allow]')
  const code = new URL(page.url()).searchParams.get('code')!
  const reply = await askToken({ grant_type: 'authorization_code', code, redirect_uri: `${applicationUrl}/callback` })
  return reply['refresh_token']!
}

async function askToken(form: Record<string, string>): Promise<Record<string, string>> {
  const headers = { authorization: `Basic ${btoa(`portal:${SECRET}`)}` }
  const response = await fetch(`${url}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
  return (await response.json()) as Record<string, string>
}

describe('"Your applications", without JavaScript', () => {
  test('shows what was granted and takes it back, for this person alone', async () => {
    const ana = await open()
    await ana.page.goto(`${url}/applications`)
    await logIn(ana.page, 'ana-of-applications')
    expect(await ana.page.textContent('main')).toContain('No application can act for you')
    const refreshToken = await connectPortal(ana.page, { scope: 'read:/store offline_access' })
    const narrow = await connectPortal(ana.page, { scope: 'read:/store/narrow offline_access' })
    await ana.page.goto(`${url}/applications`)
    expect(await ana.page.textContent('h2')).toBe('Analysis <b>Portal</b>')

    const eve = await open()
    await eve.page.goto(`${url}/applications`)
    await logIn(eve.page, 'eve-of-applications')
    expect(await eve.page.locator('article').count()).toBe(0)

    const card = ana.page.locator('article').filter({ hasText: '/store/narrow' })
    await Promise.all([ana.page.waitForEvent('load'), card.locator('button').click()])
    expect(await ana.page.textContent('[role=status]')).toContain('Revoked: Analysis <b>Portal</b>')
    expect(await ana.page.locator('article').count()).toBe(1)
    expect(await askToken({ grant_type: 'refresh_token', refresh_token: narrow })).toMatchObject({
      error: 'invalid_grant',
    })
    const other = await askToken({ grant_type: 'refresh_token', refresh_token: refreshToken })
    expect(other['refresh_token']).toBeDefined()
    expect(audit.events.filter(({ event }) => event === 'token_revoked')).toMatchObject([
      { subject: 'ana-of-applications', client: 'portal', detail: 'by the person' },
    ])
    expect([...ana.complaints, ...eve.complaints]).toEqual([])
  })

  test('is reached from the page that connects a device, and ends with a logout', async () => {
    const begun = await beginDevice()
    const { page, complaints } = await open()
    await page.goto(begun['verification_uri_complete']!)
    await logIn(page)
    await clickThrough(page, 'button')
    await clickThrough(page, 'button[value=allow]')
    await clickThrough(page, 'a')
    expect(page.url()).toBe(`${url}/applications`)
    await clickThrough(page, 'button:text("Log out")')
    expect(await page.textContent('h1')).toBe('You are logged out')
    expect(await page.context().cookies(url)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('a form of another site revokes nothing (CSRF)', async () => {
    const { page } = await open()
    await page.goto(`${url}/applications`)
    await logIn(page, 'victim-of-csrf')
    const refreshToken = await connectPortal(page, { scope: 'read:/store offline_access' })
    await page.goto(`${applicationUrl}/evil`)
    await page.setContent(
      `<form method="post" action="${url}/applications"><input name="client" value="portal"><input name="page" value="guess"><button>go</button></form>`,
    )
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('Nothing was revoked')
    expect((await askToken({ grant_type: 'refresh_token', refresh_token: refreshToken }))['error']).toBeUndefined()
  })
})

describe('what is too old', () => {
  test('a code that nobody typed in time is not known any more', async () => {
    const begun = await beginDevice()
    const { page } = await open()
    await page.goto(begun['verification_uri_complete']!)
    await logIn(page)
    ahead = 901
    await page.goto(begun['verification_uri_complete']!)
    await clickThrough(page, 'button')
    expect(await page.textContent('[role=alert]')).toBe('This code is not known, or too old.')
  })

  test('a consent page that lay open for too long allows nothing', async () => {
    const { page } = await open()
    await page.goto(authorizeUrl({ scope: 'read:/store' }))
    await logIn(page)
    ahead = 601
    await clickThrough(page, 'button[value=allow]')
    expect(new URL(page.url()).origin).toBe(url)
    expect(await page.textContent('main')).toContain('Nothing was allowed')
  })

  test('a session ends by itself, and the person logs in again', async () => {
    const { page } = await open()
    await page.goto(`${url}/applications`)
    await logIn(page)
    ahead = 28_801
    await page.goto(`${url}/applications`)
    // The provider still knows the person: what counts is that it was asked.
    expect(audit.events.at(-1)).toMatchObject({ event: 'login' })
    expect(audit.events.at(-1)!.time).toBeGreaterThan(Date.now() / 1000 + 28_000)
  })
})

describe('attacks through the browser', () => {
  test.each([
    ['another state', (answer: URL) => answer.searchParams.set('state', 'of-another-login')],
    ['no state', (answer: URL) => answer.searchParams.delete('state')],
    ['the name of another provider (iss)', (answer: URL) => answer.searchParams.set('iss', 'https://evil.example')],
    ['no name of its provider (iss)', (answer: URL) => answer.searchParams.delete('iss')],
  ])('an answer of the login provider with %s logs nobody in (mix-up)', async (_, change) => {
    const { page } = await open()
    tamper = change
    await page.goto(`${url}/device`)
    const before = audit.events.filter(({ event }) => event === 'login').length
    await logIn(page)
    expect(await page.textContent('main')).toContain('does not belong to this login')
    expect((await page.context().cookies(url)).filter(({ name }) => name.endsWith('session'))).toEqual([])
    expect(audit.events.filter(({ event }) => event === 'login')).toHaveLength(before)
  })

  test('the pages cannot be framed (clickjacking)', async () => {
    const { page } = await open()
    await page.goto(authorizeUrl())
    await logIn(page)
    await page.setContent(`<iframe src="${authorizeUrl()}" width="800" height="600"></iframe>`)
    const frame = page.frames().find((one) => one !== page.mainFrame())
    expect((await frame?.locator('button').count()) ?? 0).toBe(0)
  })

  test('a form of another site does not count (CSRF)', async () => {
    const { page } = await open()
    await page.goto(authorizeUrl({ scope: 'read:/store' }))
    await logIn(page)
    const codesBefore = audit.events.filter(({ event }) => event === 'consent_given').length
    await page.goto(`${applicationUrl}/evil`)
    await page.setContent(
      `<form method="post" action="${url}/authorize/consent"><input name="answer" value="allow"><input name="page" value="guess"><button>go</button></form>`,
    )
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('Nothing was allowed')
    expect(audit.events.filter(({ event }) => event === 'consent_given')).toHaveLength(codesBefore)
  })

  test('a session that was there before the login is worth nothing after it (session fixation)', async () => {
    const { page } = await open()
    await page.goto(`${url}/device`)
    const before = await page.context().cookies(url)
    await logIn(page)
    const after = await page.context().cookies(url)
    const session = after.find(({ name }) => name.endsWith('session'))
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    expect(before.map(({ value }) => value)).not.toContain(session!.value)
  })

  test.each([
    ['to go to after the login', () => `${url}/login?continue=${encodeURIComponent('https://evil.example/')}`],
    ['as redirect_uri', () => authorizeUrl({ redirect_uri: 'https://evil.example/callback' })],
    ['as redirect_uri on the same host', () => authorizeUrl({ redirect_uri: `${applicationUrl}/other` })],
  ])('another place %s is never gone to (open redirect)', async (_, address) => {
    const { page } = await open()
    const response = await page.goto(address())
    expect(response!.status()).toBe(400)
    expect(new URL(page.url()).origin).toBe(url)
  })
})

describe('every page', () => {
  const LOOKS: readonly [string, BrowserContextOptions][] = [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }],
  ]
  test.each(LOOKS)('is accessible and fits its window: %s', async (name, options) => {
    const begun = await beginDevice()
    // axe needs scripts; the pages' own policy must not keep it out.
    const { page } = await open({ javaScriptEnabled: true, bypassCSP: true, ...options })
    const look = async (step: string): Promise<void> => {
      await page.evaluate(axe.source)
      const problems = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, help }) => `${id}: ${help}`))',
      )
      expect(problems, step).toEqual([])
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overflow, `${step} scrolls sideways`).toBeLessThanOrEqual(0)
      if (SCREENSHOTS !== undefined) {
        mkdirSync(SCREENSHOTS, { recursive: true })
        await page.screenshot({ path: join(SCREENSHOTS, `${step}-${name}.png`), fullPage: true })
      }
    }
    await page.goto(begun['verification_uri']!)
    await logIn(page)
    await look('device-code')
    await page.fill('input[name=user_code]', 'BBBB-BBBB')
    await clickThrough(page, 'button')
    await look('device-wrong-code')
    await page.fill('input[name=user_code]', begun['user_code']!)
    await clickThrough(page, 'button')
    await look('device-confirm')
    await clickThrough(page, 'button[value=allow]')
    await look('device-connected')
    await page.goto(authorizeUrl({ scope: 'openid read:/store write:/store/user/ana' }))
    await look('consent')
    await clickThrough(page, 'button[value=allow]')
    const code = new URL(page.url()).searchParams.get('code')!
    await askToken({ grant_type: 'authorization_code', code, redirect_uri: `${applicationUrl}/callback` })
    await connectPortal(page, { scope: 'read:/store/narrow offline_access' })
    await page.goto(`${url}/applications`)
    await look('applications')
    await clickThrough(page, 'article button')
    await look('applications-revoked')
    await clickThrough(page, 'button:text("Revoke"):not([name=client])')
    await look('applications-none')
    await clickThrough(page, 'button:text("Log out")')
    await look('logged-out')
    await page.goto(`${url}/login?continue=https://evil.example/`)
    await look('problem')
  })
})
