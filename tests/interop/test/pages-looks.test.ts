// Every page in every look: accessible by axe, and never wider than its window.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { openIssuer, DevelopmentLogin, HeaderLogin, MemoryAudit, type Upstream } from '@scitokens/issuer'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clickThrough, type Pages, startPages } from '../src/pages/rig.ts'
import { freePort } from '../src/ports.ts'

/** Set it to a directory to look at the pages. */
const SCREENSHOTS = process.env['SCITOKENS_SCREENSHOTS']

let pages: Pages
beforeAll(async () => {
  pages = await startPages()
})
afterEach(() => pages?.reset())
afterAll(() => pages?.close())

const LOOKS: readonly [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }],
]

/** Judges the page as it is, and keeps a picture of it where asked to. */
async function lookAt(page: Page, step: string, look: string): Promise<void> {
  await page.evaluate(axe.source)
  const problems = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, help }) => `${id}: ${help}`))',
  )
  expect(problems, step).toEqual([])
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(overflow, `${step} scrolls sideways`).toBeLessThanOrEqual(0)
  if (SCREENSHOTS === undefined) return
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${step}-${look}.png`), fullPage: true })
}

describe('every page', () => {
  test.each(LOOKS)('is accessible and fits its window: %s', async (name, options) => {
    const begun = await pages.beginDevice()
    // axe needs scripts; the pages' own policy must not keep it out.
    const { page } = await pages.open({ javaScriptEnabled: true, bypassCSP: true, ...options })
    const look = (step: string): Promise<void> => lookAt(page, step, name)
    await page.goto(begun['verification_uri']!)
    await pages.logIn(page)
    await look('device-code')
    await page.fill('input[name=user_code]', 'BBBB-BBBB')
    await clickThrough(page, 'button')
    await look('device-wrong-code')
    await page.fill('input[name=user_code]', begun['user_code']!)
    await clickThrough(page, 'button')
    await look('device-confirm')
    await clickThrough(page, 'button[value=allow]')
    await look('device-connected')
    await page.goto((await pages.beginDevice())['verification_uri_complete']!)
    await clickThrough(page, 'button')
    await clickThrough(page, 'button[value=deny]')
    await look('device-refused')
    await page.goto(pages.authorizeUrl({ scope: 'openid read:/store write:/store/user/ana' }))
    await look('consent')
    await clickThrough(page, 'button[value=allow]')
    const code = new URL(page.url()).searchParams.get('code')!
    await pages.askToken({ grant_type: 'authorization_code', code, redirect_uri: `${pages.applicationUrl}/callback` })
    await pages.connectPortal(page, { scope: 'read:/store/narrow offline_access' })
    const unchecked = { client_id: await pages.register('Analysis Portal'), code_challenge_method: 'S256' }
    await page.goto(pages.authorizeUrl({ ...unchecked, code_challenge: 'x'.repeat(43) }))
    await look('unchecked-consent')
    await page.goto(pages.authorizeUrl(unchecked))
    await look('unchecked-refused')
    await page.goto(`${pages.url}/applications`)
    await look('applications')
    await clickThrough(page, 'article button')
    await look('applications-revoked')
    await clickThrough(page, 'button:text("Revoke"):not([name=client])')
    await look('applications-none')
    await clickThrough(page, 'button:text("Log out")')
    await look('logged-out')
    await page.goto(`${pages.url}/login?continue=https://evil.example/`)
    await look('problem')
    pages.bent.tamper = (answer) => answer.searchParams.delete('state')
    await page.goto(`${pages.url}/device`)
    await look('login-problem')
  })
  test.each(LOOKS)('of the other logins is accessible and fits its window: %s', async (name, options) => {
    const { page } = await pages.open({ javaScriptEnabled: true, bypassCSP: true, ...options })
    const visit = async (login: Upstream, step: string): Promise<void> => {
      const port = await freePort()
      const issuer = `http://localhost:${port}`
      const running = await openIssuer({
        issuer,
        login,
        dangerouslyAllowLoopbackHttp: true,
        storage: { memory: true },
        audit: new MemoryAudit(),
      })
      await running.listen({ host: '127.0.0.1', port })
      await page.goto(`${issuer}/applications`)
      await lookAt(page, step, name)
      if (login instanceof DevelopmentLogin) {
        await page.fill('input[name=subject]', 'no name')
        await clickThrough(page, 'button')
        expect(await page.textContent('[role=alert]')).toContain('A name has letters')
        await lookAt(page, `${step}-wrong`, name)
      }
      await running.close()
    }
    await visit(new DevelopmentLogin(), 'login-development')
    await visit(new HeaderLogin({ subjectHeader: 'x-user', addresses: ['192.0.2.1'] }), 'login-front-end')
  })
})
