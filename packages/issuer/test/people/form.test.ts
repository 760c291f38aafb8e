import { createHash } from 'node:crypto'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { Browser, type Seen } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, REDIRECT, SECRET, startIssuerForPeople } from '../support/harness.ts'

const VERIFIER = 'v'.repeat(43)

function authorizeUrl({ url }: Harness): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return `${url}/authorize?${query}`
}

async function loggedIn(harness: Harness, subject: string): Promise<{ browser: Browser; page: Seen }> {
  const browser = new Browser(harness.issuer)
  return { browser, page: await browser.submit(await browser.open(`${harness.url}/applications`), { subject }) }
}

async function deviceAnswer(harness: Harness, browser: Browser): Promise<Seen> {
  const begun = await harness.post('/device_authorization', {}, basic('app', SECRET))
  const page = await browser.open(`${harness.url}/device`)
  return browser.submit(page, { user_code: begun.body['user_code'] as string })
}

/** Every form of the pages: how a person comes to see it, and what the person would send. */
const FORMS: readonly (readonly [
  path: string,
  see: (harness: Harness, browser: Browser) => Promise<Seen>,
  fields: Record<string, string>,
])[] = [
  [
    '/login',
    (harness, browser) => browser.open(`${harness.url}/login?continue=${harness.url}/applications`),
    { subject: 'mallory' },
  ],
  ['/authorize/consent', (harness, browser) => browser.open(authorizeUrl(harness)), { answer: 'allow' }],
  ['/device', (harness, browser) => browser.open(`${harness.url}/device`), { user_code: 'BCDF-GHJK' }],
  ['/device/answer', deviceAnswer, { answer: 'allow' }],
  ['/applications', (harness, browser) => browser.open(`${harness.url}/applications`), { client: 'app' }],
  ['/logout', (harness, browser) => browser.open(`${harness.url}/applications`), {}],
]

/** What programs post to, by credentials of their own; `/authorize` shows a page and does nothing by itself. */
const FOR_PROGRAMS = [
  '/token',
  '/device_authorization',
  '/introspect',
  '/revoke',
  '/userinfo',
  '/register',
  '/authorize',
]

function tokenOf(page: Seen, path: string): string {
  const form = [...page.text.matchAll(/<form[^>]* action="([^"]*)".*?<\/form>/gs)].find(([, to]) => to!.endsWith(path))
  return /name="page" value="([^"]+)"/.exec(form![0])![1]!
}

test('no form is left out here', async () => {
  const { issuer } = await startIssuerForPeople({ registration: {} })
  const posts: string[] = []
  const app = Fastify()
  app.addHook('onRoute', ({ method, url }) => {
    if ([method].flat().includes('POST')) posts.push(url.replace('/vo', ''))
  })
  await app.register(issuer.plugin)
  await app.ready()
  const pages = [...new Set(posts)].filter((path) => !FOR_PROGRAMS.includes(path))
  expect(pages.toSorted()).toEqual(FORMS.map(([path]) => path).toSorted())
})

describe.each(FORMS)('the form of %s (CSRF)', (path, see, fields) => {
  /** A person's own browser with the page open, and the token of the same form in somebody else's browser. */
  async function open(): Promise<{ harness: Harness; browser: Browser; token: string; foreign: string }> {
    const harness = await startIssuerForPeople({ clients: [APP] })
    await loginByCode(harness, {}, { subject: 'ana' })
    await loginByCode(harness, {}, { subject: 'eve' })
    const [ana, eve] = [await loggedIn(harness, 'ana'), await loggedIn(harness, 'eve')]
    const token = tokenOf(await see(harness, ana.browser), path)
    const foreign = tokenOf(await see(harness, eve.browser), path)
    return { harness, browser: ana.browser, token, foreign }
  }

  test.each<[string, boolean, (tokens: { token: string; foreign: string }) => Record<string, string>]>([
    ['cookie and token are both missing', false, () => ({})],
    ['the cookie is missing and the token empty', false, () => ({ page: '' })],
    ['the cookie is missing and the token says "undefined"', false, () => ({ page: 'undefined' })],
    ['the cookie is missing', false, ({ token }) => ({ page: token })],
    ['the token is missing', true, () => ({})],
    ['the token is empty', true, () => ({ page: '' })],
    ['the token is of another browser', true, ({ foreign }) => ({ page: foreign })],
    ['the token was changed', true, ({ token }) => ({ page: (token.startsWith('A') ? 'B' : 'A') + token.slice(1) })],
  ])('does nothing where %s', async (_, withCookies, page) => {
    const { harness, browser, token, foreign } = await open()
    const sender = withCookies ? browser : new Browser(harness.issuer)
    const cookies = new Map(sender.cookies)
    const before = harness.audit.events.length
    // The login form may also begin by itself: where to go afterwards is anybody's to say.
    const extra = path === '/login' ? { continue: `${harness.url}/applications` } : {}
    const answer = await sender.post(`${harness.url}${path}`, { ...fields, ...extra, ...page({ token, foreign }) })
    expect(answer.status).toBe(400)
    expect(answer.leftTo).toBeUndefined()
    expect(sender.cookies).toEqual(cookies)
    expect(harness.audit.events.slice(before)).toEqual([])
  })

  test('does what it says where both are there and belong together', async () => {
    const { harness, browser, token } = await open()
    const answer = await browser.post(`${harness.url}${path}`, { ...fields, page: token })
    // A user code that nobody has is told as such, on the page.
    expect(answer.text.includes('belongs to another login') || answer.text.includes('not from the login page')).toBe(
      false,
    )
  })
})
