// What somebody else tries through a person's browser.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clickThrough, type Pages, startPages } from '../src/pages/rig.ts'

let pages: Pages
beforeAll(async () => {
  pages = await startPages()
})
afterEach(() => pages?.reset())
afterAll(() => pages?.close())

describe('attacks through the browser', () => {
  test.each([
    ['another state', (answer: URL) => answer.searchParams.set('state', 'of-another-login')],
    ['no state', (answer: URL) => answer.searchParams.delete('state')],
    ['the name of another provider (iss)', (answer: URL) => answer.searchParams.set('iss', 'https://evil.example')],
    ['no name of its provider (iss)', (answer: URL) => answer.searchParams.delete('iss')],
  ])('an answer of the login provider with %s logs nobody in (mix-up)', async (_, change) => {
    const { page } = await pages.open()
    pages.bent.tamper = change
    await page.goto(`${pages.url}/device`)
    const before = pages.audit.events.filter(({ event }) => event === 'login').length
    await pages.logIn(page)
    expect(await page.textContent('main')).toContain('does not belong to this login')
    expect((await page.context().cookies(pages.url)).filter(({ name }) => name.endsWith('session'))).toEqual([])
    expect(pages.audit.events.filter(({ event }) => event === 'login')).toHaveLength(before)
  })

  test('the pages cannot be framed (clickjacking)', async () => {
    const { page } = await pages.open()
    await page.goto(pages.authorizeUrl())
    await pages.logIn(page)
    await page.setContent(`<iframe src="${pages.authorizeUrl()}" width="800" height="600"></iframe>`)
    const frame = page.frames().find((one) => one !== page.mainFrame())
    expect((await frame?.locator('button').count()) ?? 0).toBe(0)
  })

  test('a form of another site does not count (CSRF)', async () => {
    const { page } = await pages.open()
    await page.goto(pages.authorizeUrl({ scope: 'read:/store' }))
    await pages.logIn(page)
    const codesBefore = pages.audit.events.filter(({ event }) => event === 'consent_given').length
    await page.goto(`${pages.applicationUrl}/evil`)
    await page.setContent(
      `<form method="post" action="${pages.url}/authorize/consent"><input name="answer" value="allow"><input name="page" value="guess"><button>go</button></form>`,
    )
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('Nothing was allowed')
    expect(pages.audit.events.filter(({ event }) => event === 'consent_given')).toHaveLength(codesBefore)
  })

  test('a session that was there before the login is worth nothing after it (session fixation)', async () => {
    const { page } = await pages.open()
    await page.goto(`${pages.url}/device`)
    const before = await page.context().cookies(pages.url)
    await pages.logIn(page)
    const after = await page.context().cookies(pages.url)
    const session = after.find(({ name }) => name.endsWith('session'))
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    expect(before.map(({ value }) => value)).not.toContain(session!.value)
  })

  test.each([
    ['to go to after the login', () => `${pages.url}/login?continue=${encodeURIComponent('https://evil.example/')}`],
    ['as redirect_uri', () => pages.authorizeUrl({ redirect_uri: 'https://evil.example/callback' })],
    ['as redirect_uri on the same host', () => pages.authorizeUrl({ redirect_uri: `${pages.applicationUrl}/other` })],
  ])('another place %s is never gone to (open redirect)', async (_, address) => {
    const { page } = await pages.open()
    const response = await page.goto(address())
    expect(response!.status()).toBe(400)
    expect(new URL(page.url()).origin).toBe(pages.url)
  })
})
