// People in a browser: Debian's Chromium, with an independent OpenID provider (oidc-provider) where they log in.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clickThrough, type Pages, startPages } from '../src/pages/rig.ts'

let pages: Pages
beforeAll(async () => {
  pages = await startPages()
})
afterEach(() => pages?.reset())
afterAll(() => pages?.close())

describe('consent, without JavaScript', () => {
  test('says in plain words what the application will be able to do, and the person allows it', async () => {
    const { page, complaints } = await pages.open()
    await page.goto(pages.authorizeUrl({ scope: 'read:/store write:/store/user/ana offline_access' }))
    await pages.logIn(page)
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
    expect(back.origin + back.pathname).toBe(`${pages.applicationUrl}/callback`)
    expect(Object.fromEntries(back.searchParams)).toEqual({ code: expect.any(String), state: 'kept', iss: pages.url })
    expect(complaints).toEqual([])
  })

  test('is refused by one button, and the application learns nothing but that', async () => {
    const { page } = await pages.open()
    await page.goto(pages.authorizeUrl({ scope: 'read:/store' }))
    await pages.logIn(page)
    await clickThrough(page, 'button[value=deny]')
    const back = new URL(page.url())
    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.has('code')).toBe(false)
    expect(pages.audit.events.at(-1)).toMatchObject({ event: 'consent_denied', subject: 'ana' })
  })

  test('can be given with the keyboard alone', async () => {
    const { page } = await pages.open()
    await page.goto(pages.authorizeUrl({ scope: 'read:/store' }))
    await pages.logIn(page)
    await page.keyboard.press('Tab')
    expect(await page.locator('button[value=allow]').evaluate((button) => button === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${pages.applicationUrl}/**`)
    expect(new URL(page.url()).searchParams.has('code')).toBe(true)
  })
})

describe('the device page', () => {
  test('takes the code, says what will be allowed, and connects the device', async () => {
    const begun = await pages.beginDevice()
    const { page, complaints } = await pages.open()
    await page.goto(begun['verification_uri']!)
    await pages.logIn(page)
    await page.fill('input[name=user_code]', begun['user_code']!.toLowerCase().replace('-', ' '))
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('read files in /store and below')
    await clickThrough(page, 'button[value=allow]')
    expect(await page.textContent('h1')).toContain('Your device is connected')
    expect(complaints).toEqual([])
  })

  test('refuses a wrong code in words, and lets the person type again', async () => {
    const { page } = await pages.open()
    await page.goto(`${pages.url}/device`)
    await pages.logIn(page)
    await page.fill('input[name=user_code]', 'BBBB-BBBB')
    await clickThrough(page, 'button')
    expect(await page.textContent('[role=alert]')).toMatch(/code/i)
    expect(await page.locator('input[name=user_code]').count()).toBe(1)
  })
})

describe('"Your applications", without JavaScript', () => {
  test('shows what was granted and takes it back, for this person alone', async () => {
    const ana = await pages.open()
    await ana.page.goto(`${pages.url}/applications`)
    await pages.logIn(ana.page, 'ana-of-applications')
    expect(await ana.page.textContent('main')).toContain('No application can act for you')
    const refreshToken = await pages.connectPortal(ana.page, { scope: 'read:/store offline_access' })
    const narrow = await pages.connectPortal(ana.page, { scope: 'read:/store/narrow offline_access' })
    await ana.page.goto(`${pages.url}/applications`)
    expect(await ana.page.textContent('h2')).toBe('Analysis <b>Portal</b>')

    const eve = await pages.open()
    await eve.page.goto(`${pages.url}/applications`)
    await pages.logIn(eve.page, 'eve-of-applications')
    expect(await eve.page.locator('article').count()).toBe(0)

    const card = ana.page.locator('article').filter({ hasText: '/store/narrow' })
    await Promise.all([ana.page.waitForEvent('load'), card.locator('button').click()])
    expect(await ana.page.textContent('[role=status]')).toContain('Revoked: Analysis <b>Portal</b>')
    expect(await ana.page.locator('article').count()).toBe(1)
    expect(await pages.askToken({ grant_type: 'refresh_token', refresh_token: narrow })).toMatchObject({
      error: 'invalid_grant',
    })
    const other = await pages.askToken({ grant_type: 'refresh_token', refresh_token: refreshToken })
    expect(other['refresh_token']).toBeDefined()
    expect(pages.audit.events.filter(({ event }) => event === 'token_revoked')).toMatchObject([
      { subject: 'ana-of-applications', client: 'portal', detail: 'by the person' },
    ])
    expect([...ana.complaints, ...eve.complaints]).toEqual([])
  })

  test('is reached from the page that connects a device, and ends with a logout', async () => {
    const begun = await pages.beginDevice()
    const { page, complaints } = await pages.open()
    await page.goto(begun['verification_uri_complete']!)
    await pages.logIn(page)
    await clickThrough(page, 'button')
    await clickThrough(page, 'button[value=allow]')
    await clickThrough(page, 'a')
    expect(page.url()).toBe(`${pages.url}/applications`)
    await clickThrough(page, 'button:text("Log out")')
    expect(await page.textContent('h1')).toBe('You are logged out')
    expect(await page.context().cookies(pages.url)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('a form of another site revokes nothing (CSRF)', async () => {
    const { page } = await pages.open()
    await page.goto(`${pages.url}/applications`)
    await pages.logIn(page, 'victim-of-csrf')
    const refreshToken = await pages.connectPortal(page, { scope: 'read:/store offline_access' })
    await page.goto(`${pages.applicationUrl}/evil`)
    await page.setContent(
      `<form method="post" action="${pages.url}/applications"><input name="client" value="portal"><input name="page" value="guess"><button>go</button></form>`,
    )
    await clickThrough(page, 'button')
    expect(await page.textContent('main')).toContain('Nothing was revoked')
    expect(
      (await pages.askToken({ grant_type: 'refresh_token', refresh_token: refreshToken }))['error'],
    ).toBeUndefined()
  })
})

describe('what is too old', () => {
  test('a code that nobody typed in time is not known any more', async () => {
    const begun = await pages.beginDevice()
    const { page } = await pages.open()
    await page.goto(begun['verification_uri_complete']!)
    await pages.logIn(page)
    pages.bent.ahead = 901
    await page.goto(begun['verification_uri_complete']!)
    await clickThrough(page, 'button')
    expect(await page.textContent('[role=alert]')).toBe('This code is not known, or too old.')
  })

  test('a consent page that lay open for too long allows nothing', async () => {
    const { page } = await pages.open()
    await page.goto(pages.authorizeUrl({ scope: 'read:/store' }))
    await pages.logIn(page)
    pages.bent.ahead = 601
    await clickThrough(page, 'button[value=allow]')
    expect(new URL(page.url()).origin).toBe(pages.url)
    expect(await page.textContent('main')).toContain('Nothing was allowed')
  })

  test('a session ends by itself, and the person logs in again', async () => {
    const { page } = await pages.open()
    await page.goto(`${pages.url}/applications`)
    await pages.logIn(page)
    pages.bent.ahead = 28_801
    await page.goto(`${pages.url}/applications`)
    // The provider still knows the person: what counts is that it was asked.
    expect(pages.audit.events.at(-1)).toMatchObject({ event: 'login' })
    expect(pages.audit.events.at(-1)!.time).toBeGreaterThan(Date.now() / 1000 + 28_000)
  })
})
