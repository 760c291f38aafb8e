import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openIssuer, MemoryAudit, OpenIdLogin } from '@scitokens/issuer'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { freePort } from '../ports.ts'
import { requirePrograms } from '../programs.ts'
import { startProvider } from './provider.ts'

const SECRET = 'a-secret-of-the-interop-rig-only'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

/** A page in a browser of its own. */
export interface Opened {
  readonly page: Page
  /** What the browser complained about: a violated Content-Security-Policy among it. */
  readonly complaints: string[]
}

/** What a test may bend, until {@link Pages.reset}. */
export interface Bent {
  /** How far the issuer's clock is ahead, in seconds: to see what is too old without waiting. */
  ahead: number
  /** Changes the provider's answer on its way through the browser. */
  tamper: (answer: URL) => void
}

const STRAIGHT: Readonly<Bent> = { ahead: 0, tamper: () => {} }

/** Debian's Chromium, an issuer, an independent OpenID provider where people log in, and an application that they come from. */
export interface Pages {
  readonly url: string
  readonly applicationUrl: string
  readonly audit: MemoryAudit
  readonly bent: Bent
  /** A browser without JavaScript, unless asked for. */
  open(options?: BrowserContextOptions): Promise<Opened>
  logIn(page: Page, name?: string): Promise<void>
  authorizeUrl(more?: Readonly<Record<string, string>>): string
  beginDevice(): Promise<Readonly<Record<string, string>>>
  askToken(form: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>
  /** Allows the portal and redeems its code: the refresh token. */
  connectPortal(page: Page, query: Readonly<Record<string, string>>): Promise<string>
  /** The id of an application that registered itself, with the application's redirect URI. */
  register(name: string): Promise<string>
  /** To be called after each test. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** Clicks and waits for the page that follows. */
export async function clickThrough(page: Page, button: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.click(button)])
}

/** Starts all of it. */
export async function startPages(): Promise<Pages> {
  requirePrograms({ chromium: 'chromium' })
  const browser = await launchChromium()
  const port = await freePort()
  const url = `http://localhost:${port}`
  const contexts: BrowserContext[] = []
  const bent: Bent = { ...STRAIGHT }
  const application = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<h1>back at the portal</h1>'),
  )
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const applicationUrl = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  const audit = new MemoryAudit()
  const provider = await startProvider(url, SECRET, (answer) => bent.tamper(answer))
  const issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    audit,
    clock: () => Date.now() / 1000 + bent.ahead,
    login: new OpenIdLogin({
      issuer: provider.url,
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
    registration: { scopes: ['read:/store'], audiences: ['https://storage.example'], perAddressPerHour: 1000 },
  })
  const post = async (path: string, body: URLSearchParams): Promise<Readonly<Record<string, string>>> => {
    const headers = { authorization: `Basic ${btoa(`portal:${SECRET}`)}` }
    return (await (await fetch(url + path, { method: 'POST', headers, body })).json()) as Record<string, string>
  }
  const pages: Pages = {
    url,
    applicationUrl,
    audit,
    bent,
    open: async (options = {}) => {
      const context = await browser.newContext({ javaScriptEnabled: false, ...options })
      contexts.push(context)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && page.url().startsWith(url)) complaints.push(message.text())
      })
      return { page, complaints }
    },
    // The provider's pages ask for a name, then for a yes.
    logIn: async (page, name = 'ana') => {
      await page.fill('input[name=login]', name)
      await page.fill('input[name=password]', 'any')
      await clickThrough(page, 'button[type=submit]')
      await clickThrough(page, 'button[type=submit]')
      await page.waitForURL(`${url}/**`)
    },
    authorizeUrl: (more = {}) => {
      const query = {
        response_type: 'code',
        client_id: 'portal',
        redirect_uri: `${applicationUrl}/callback`,
        state: 'kept',
        ...more,
      }
      return `${url}/authorize?${new URLSearchParams(query).toString()}`
    },
    beginDevice: () => post('/device_authorization', new URLSearchParams({ scope: 'read:/store offline_access' })),
    askToken: (form) => post('/token', new URLSearchParams(form)),
    connectPortal: async (page, query) => {
      await page.goto(pages.authorizeUrl(query))
      await clickThrough(page, 'button[value=allow]')
      const code = new URL(page.url()).searchParams.get('code')!
      const redirect_uri = `${applicationUrl}/callback`
      return (await pages.askToken({ grant_type: 'authorization_code', code, redirect_uri }))['refresh_token']!
    },
    register: async (client_name) => {
      const body = JSON.stringify({ client_name, redirect_uris: [`${applicationUrl}/callback`] })
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(`${url}/register`, { method: 'POST', headers, body })
      return ((await reply.json()) as { client_id: string }).client_id
    },
    reset: async () => {
      Object.assign(bent, STRAIGHT)
      await Promise.all(contexts.splice(0).map((context) => context.close()))
    },
    close: async () => {
      await browser.close()
      await issuer.close()
      provider.close()
      application.closeAllConnections()
      application.close()
    },
  }
  await issuer.listen({ host: '127.0.0.1', port })
  return pages
}
