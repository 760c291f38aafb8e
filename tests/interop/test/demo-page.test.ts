// The token generator's page in Debian's Chromium.
import { mkdirSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { openDemo, type Demo } from '@scitokens/token-generator'
import axe from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from '../src/chromium.ts'
import { freePort } from '../src/ports.ts'
import { requirePrograms } from '../src/programs.ts'

/** Set it to a directory to look at the page. */
const SCREENSHOTS = process.env['SCITOKENS_SCREENSHOTS']
const ELSEWHERE = 'https://vo.example'

let browser: Browser
let demo: Demo
let url: string
let elsewhere: TestIssuer
const contexts: BrowserContext[] = []

beforeAll(async () => {
  requirePrograms({ chromium: 'chromium' })
  browser = await launchChromium()
  elsewhere = await createTestIssuer({ issuer: ELSEWHERE })
  demo = await startDemo({ trustedIssuers: [ELSEWHERE], foreignKeys: elsewhere.keys, perAddress: 10_000 })
  url = `${demo.issuer}/`
})
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})
afterAll(async () => {
  await browser?.close()
  await demo?.close()
})

async function startDemo(options: Partial<Parameters<typeof openDemo>[0]> = {}): Promise<Demo> {
  const port = await freePort()
  const started = await openDemo({
    issuer: `http://localhost:${port}`,
    dangerouslyAllowLoopbackHttp: true,
    ...options,
  })
  const server = started.buildServer()
  await server.listen({ host: '127.0.0.1', port })
  // Browsers hold connections on which nothing is asked.
  return { ...started, close: () => (server.server.closeAllConnections(), started.close()) }
}

interface Opened {
  readonly page: Page
  /** What the browser complained about: a violated Content-Security-Policy among it. */
  readonly complaints: string[]
  readonly requests: Request[]
}

async function open(options: BrowserContextOptions = {}, address: string = url): Promise<Opened> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options })
  contexts.push(context)
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: Request[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(String(error)))
  context.on('request', (request) => requests.push(request))
  await page.goto(address)
  await page.waitForSelector('#verdict:not(:empty)')
  return { page, complaints, requests }
}

/** The token on the desk. */
const tokenOn = (page: Page): Promise<string> => page.inputValue('#encoded')
const claimsOn = async (page: Page): Promise<Record<string, unknown>> =>
  JSON.parse(await page.inputValue('#payload')) as Record<string, unknown>

/** Waits until an element says something. */
async function expectText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await expect.poll(() => page.textContent(selector), { timeout: 60_000 }).toMatch(pattern)
}

/** Pastes text over what stands in a field. */
async function paste(page: Page, selector: string, text: string): Promise<void> {
  await page.fill(selector, text)
}

describe('a token on the desk', () => {
  test('is made by the server, read, verified and tried in the page, without a complaint of the browser', async () => {
    const { page, complaints, requests } = await open()
    await expectText(page, '#verdict-box', /This token is good.*with the key key-es256.*It ends in 9 min/s)
    expect(await page.textContent('#header-json')).toContain('"kid": "key-es256"')
    expect(await page.textContent('#signature-note')).toBe(
      'ES256, 64 bytes: checked in this page, and it is the issuer’s.',
    )
    expect(await page.locator('#encoded-editor pre .payload').textContent()).toBe((await tokenOn(page)).split('.')[1])
    expect(await page.locator('.claims li:has-text("expires in")').count()).toBe(1)
    await expectText(page, '#decision', /^Yes, allowed/)
    expect(await page.locator('#steps li.good').count()).toBe(9)
    await expectText(page, '#offline', /works without a network/)
    expect(requests.filter((request) => !request.url().startsWith(url))).toEqual([])
    expect(complaints).toEqual([])
  })

  test('can be pasted over, and what is pasted is sent nowhere', async () => {
    const { page, requests } = await open()
    const token = await elsewhere.sign({ aud: 'https://se.example', scope: 'read:/x' })
    await expectText(page, '#offline', /works without a network/)
    requests.length = 0
    await paste(page, '#encoded', `Authorization: Bearer ${token}\n`)
    await expectText(page, '#verdict', /not good untrusted_issuer/)
    await page.locator('#encoded').blur()
    expect(await tokenOn(page)).toBe(token)
    expect((await claimsOn(page))['iss']).toBe(ELSEWHERE)
    await expectText(page, '#signature-note', /not looked at, as the token is refused before/)
    expect(requests.map((request) => request.url())).toEqual([])
  })

  test('of an issuer that the server knows is verified there, once the reader says so', async () => {
    const { page, requests } = await open()
    await paste(page, '#encoded', await elsewhere.sign({ aud: 'https://se.example', scope: 'read:/x' }))
    await page.click('text=Let the server verify it')
    await expectText(page, '#elsewhere', /The server says: the token is good/)
    expect(requests.filter((request) => request.url().endsWith('/verify'))).toHaveLength(1)
  })

  test('of any issuer is verified in the page with keys that the reader brings', async () => {
    const { page } = await open()
    const other = await createTestIssuer({ issuer: 'https://unknown.example' })
    await paste(page, '#encoded', await other.sign({ aud: 'https://se.example', scope: 'read:/x' }))
    await page.click('text=Do you have the keys of its issuer?')
    await page.fill('[name=jwks]', '{"keys": []}')
    await page.click('text=Verify with these keys')
    await expectText(page, '#elsewhere', /cannot be used/)
    await page.fill('[name=jwks]', JSON.stringify(other.jwks))
    await page.click('text=Verify with these keys')
    await expectText(page, '#verdict', /This token is good.*unknown\.example/s)
    await page.fill('#ask [name=audience]', 'https://se.example')
    await page.fill('#ask [name=path]', '/x/y')
    await expectText(page, '#decision', /^Yes, allowed/)
  })

  test('is signed anew when its claims change, as JSON and by the form', async () => {
    const { page } = await open()
    const before = await tokenOn(page)
    await page.fill('#payload', JSON.stringify({ sub: 'eve', scope: 'write:/store', color: 'red' }))
    await expect.poll(() => tokenOn(page), { timeout: 60_000 }).not.toBe(before)
    await page.locator('#payload').blur()
    expect(await claimsOn(page)).toMatchObject({ sub: 'eve', scope: 'write:/store', color: 'red', iss: demo.issuer })
    await expectText(page, '#verdict', /This token is good/)
    await page.fill('#claims-form [name=sub]', 'mallory')
    await page.selectOption('#claims-form [name=life]', '3600')
    await page.locator('#claims-form [name=life]').blur()
    await expect.poll(async () => (await claimsOn(page))['sub'], { timeout: 60_000 }).toBe('mallory')
    await expectText(page, '#verdict-box', /It ends in 59 min|It ends in 1 h/)
    expect((await claimsOn(page))['color']).toBe('red')
  })

  test('that is not JSON yet is told so, and nothing is lost', async () => {
    const { page } = await open()
    const before = await tokenOn(page)
    await page.fill('#payload', '{"sub": ')
    await expectText(page, '#payload-problem', /not JSON yet/)
    expect([await tokenOn(page), await page.inputValue('#payload')]).toEqual([before, '{"sub": '])
  })

  test('can have another algorithm, another profile, and a key of the page', async () => {
    const { page } = await open()
    await page.selectOption('#algorithm', 'RS256')
    await expectText(page, '#header-json', /"kid": "key-rs256"/)
    await page.selectOption('#profile', 'wlcg:1.x')
    await expectText(page, '#profile-note', /WLCG 1\.x/)
    await page.selectOption('#profile', 'at+jwt')
    await expectText(page, '#header-json', /"typ": "at\+jwt"/)
    await page.selectOption('#signer', 'page')
    await expectText(page, '#header-json', /"kid": "page-rs256"/)
    await expectText(page, '#verdict', /This token is good.*this-page\.invalid/s)
  })

  test('that says it is a page stays text', async () => {
    const { page, complaints } = await open()
    const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    await page.fill('#payload', JSON.stringify({ sub: evil, [evil]: evil, scope: 'read:/x' }))
    await expect.poll(() => page.textContent('#claims'), { timeout: 60_000 }).toContain(evil)
    expect(await page.title()).toBe('SciTokens, taken apart')
    expect(await page.locator('img[src=x]').count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('questions', () => {
  test('are answered by the enforcer, with each step and the reason for each right', async () => {
    const { page } = await open()
    await page.fill('#ask [name=path]', '/data/johnathan/x')
    await expectText(page, '#decision', /^No scope_denied.*no scope that allows read:\/data\/johnathan\/x/s)
    expect(await page.locator('#steps li.bad').allTextContents()).toEqual(['✗One of its rights covers the request'])
    await expectText(page, '#scopes', /is a neighbour, not below it/)
    await page.fill('#ask [name=path]', '/data/paul/%2e%2e/john/x')
    await expectText(page, '#decision', /^Yes, allowed.*The path that was judged is \/data\/john\/x/s)
    await page.fill('#ask [name=audience]', 'https://another.example')
    await expectText(page, '#decision', /^No aud_mismatch/)
    await page.fill('#ask [name=audience]', '')
    await expectText(page, '#decision', /^No config_error/)
  })
})

describe('broken tokens', () => {
  test('are made and judged when they are opened, and can be put on the desk', async () => {
    const { page } = await open()
    const cards = await page.locator('#samples details').count()
    expect(cards).toBeGreaterThan(20)
    for (const name of ['expired', 'traversal', 'sibling-path', 'alg-none', 'wrong-kid']) {
      const card = page.locator(`#sample-${name}`)
      const code = await card.locator('summary code').textContent()
      await card.locator('summary').click()
      await expect.poll(() => card.locator('[role=status] code').first().textContent(), { timeout: 60_000 }).toBe(code)
      expect(await card.locator('.hint').textContent()).not.toBe('')
    }
    const linked = await open({}, `${url}#sample-claim-twice`)
    await expectText(linked.page, '#sample-claim-twice [role=status]', /malformed_token/)
    await page.click('#sample-sibling-path summary')
    await page.click('#sample-sibling-path >> text=Put it on the table')
    await expectText(page, '#decision', /^No scope_denied/)
    expect(await page.inputValue('#ask [name=path]')).toBe('/data/johnathan/set1')
  })
})

describe('chains', () => {
  test('grow by narrower tokens, tell who may do what, and refuse to widen', async () => {
    const { page } = await open()
    const answers = (column: number): Promise<string[]> =>
      page
        .locator(`#chain tbody td:nth-child(${column + 1}) .mark`)
        .evaluateAll((marks) => marks.map((mark) => mark.ariaLabel ?? ''))
    const rows = (): Promise<string[]> => page.locator('#chain tbody th').allTextContents()
    await page.click('#begin-chain')
    await expect.poll(rows, { timeout: 60_000 }).toHaveLength(3)
    expect(await answers(1)).toEqual(['yes', 'yes', 'yes'])
    await page.fill('.derive [name=scope]', 'read:/data/john/run1')
    await page.click('.derive button')
    await expect
      .poll(rows, { timeout: 60_000 })
      .toEqual(['read /data/john/set1', 'read /data/john', 'write /data/john/results', 'read /data/john/run1'])
    expect(await answers(1)).toEqual(['yes', 'yes', 'yes', 'yes'])
    expect(await answers(2)).toEqual(['no', 'no', 'no', 'yes'])
    await page.fill('#ask [name=path]', '/data/john/run1/x')
    await expect.poll(() => answers(2), { timeout: 60_000 }).toEqual(['yes', 'no', 'no', 'yes'])
    await page.fill('.derive [name=scope]', 'read:/')
    await page.click('.derive button')
    await expectText(page, '#chain-problem', /can only restrict.*widened_chain/)
    expect(await page.locator('.chain li').count()).toBe(2)
    await page.click('.chain li:nth-child(2) >> text=Show its leaf')
    await expectText(page, '#verdict', /This token is good.*a chain of 3 links/s)
    await page.click('.chain li:nth-child(2) >> text=Show the link')
    await expectText(page, '#verdict', /not good/)
  })

  test('the key of a holder stays in the page, whatever button is pressed', async () => {
    const { page, requests } = await open()
    await page.click('#begin-chain')
    await page.click('.chain li:nth-child(1) >> text=Show the link')
    await expect.poll(async () => (await tokenOn(page)).split('.')).toHaveLength(4)
    const key = (await tokenOn(page)).split('.')[3]!
    const { d } = JSON.parse(Buffer.from(key, 'base64url').toString()) as { d: string }
    for (const button of await page.locator('button:visible').all()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person does
      await button.click({ timeout: 5000 }).catch(() => {})
      // oxlint-disable-next-line no-await-in-loop -- some buttons lay down another token
      await page.click('.chain li:nth-child(1) >> text=Show the link').catch(() => {})
    }
    await page.click('text=Open /protected')
    await expectText(page, '#area-answer', /^401: /)
    // A link of an issuer that the server knows, as somebody may paste it.
    await paste(page, '#encoded', `${await elsewhere.sign({ aud: url, scope: 'read:/' })}.${key}`)
    await page.click('text=Let the server verify it')
    await expectText(page, '#elsewhere', /The server says/)
    const sent = await Promise.all(
      requests.map(
        async (request) => `${request.url()} ${request.postData() ?? ''} ${JSON.stringify(await request.allHeaders())}`,
      ),
    )
    expect(sent.filter((text) => text.includes('Bearer '))).not.toEqual([])
    expect(sent.filter((text) => text.includes(key) || text.includes(d))).toEqual([])
  })
})

describe('sharing', () => {
  test('a link carries token and question in its fragment, which no server sees', async () => {
    const { page } = await open()
    await page.fill('#ask [name=path]', '/data/john/shared')
    await page.click('#share')
    const link = page.url()
    const token = await tokenOn(page)
    expect(new URLSearchParams(new URL(link).hash.slice(1)).get('token')).toBe(token)
    const other = await open({}, link)
    expect(await tokenOn(other.page)).toBe(token)
    expect(await other.page.inputValue('#ask [name=path]')).toBe('/data/john/shared')
    await expectText(other.page, '#verdict', /This token is good/)
    const sent = other.requests.map((request) => `${request.url()} ${request.postData() ?? ''}`).join('\n')
    expect(sent).not.toContain(token.split('.')[2])
    expect(other.requests.filter((request) => request.method() === 'POST')).toEqual([])
  })

  test('what is copied is on the clipboard, and is said', async () => {
    const { page } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.click('#copy-token')
    await expectText(page, '#said', /Token copied/)
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await tokenOn(page))
  })
})

describe('the areas of the server', () => {
  test('open to the right that they ask for', async () => {
    const { page } = await open()
    await page.click('text=Open /protected')
    await expectText(page, '#area-answer', /^403: Validation incorrect/)
    const before = await tokenOn(page)
    await page.click('text=Take the right for /protected')
    await expect.poll(() => tokenOn(page), { timeout: 60_000 }).not.toBe(before)
    await page.click('text=Open /protected')
    await expectText(page, '#area-answer', /^200: /)
  })
})

describe('a pasted token that hides something', () => {
  test('shows it: no reordered, no invisible text, in no field', async () => {
    const { page } = await open()
    const sub = '\u202emoc.elpmaxe\u200b'
    const token = await elsewhere.sign({ sub, aud: [`${sub}x`], scope: 'read:/', other: sub })
    await paste(page, '#encoded', token)
    await expectText(page, '#claims', /⟨U\+202E⟩moc\.elpmaxe⟨U\+200B⟩/)
    const fields = await page
      .locator('input, textarea')
      .evaluateAll((all) => all.map((field) => (field as { value?: string }).value))
    const seen = `${await page.innerText('body')}\n${fields.join('\n')}`
    expect(seen).not.toMatch(/[\u202e\u200b]/)
    // Nothing of it is lost when another field is changed and the claims are signed anew.
    await page.fill('#claims-form [name=scope]', 'read:/data')
    await expect.poll(async () => (await claimsOn(page))['scope'], { timeout: 60_000 }).toBe('read:/data')
    expect(await claimsOn(page)).toMatchObject({ sub, other: sub })
  })

  test('a link cannot bring such text into the question either', async () => {
    const { page } = await open(
      {},
      `${url}#${new URLSearchParams({ token: 'a.b.c', aud: 'https://\u202emoc' }).toString()}`,
    )
    expect(await page.inputValue('#ask [name=audience]')).toBe('https://⟨U+202E⟩moc')
  })
})

describe('behind a front end that fails', () => {
  /** A front end before a demonstration: it passes on, or answers 502, or never. */
  async function startFront(): Promise<{ address: string; does: 'pass' | 'fail' | 'hang' }> {
    const port = await freePort()
    const address = `http://localhost:${port}`
    const behind = await openDemo({ issuer: address, dangerouslyAllowLoopbackHttp: true, perAddress: 10_000 })
    const target = await behind.listen()
    const front = { address, does: 'pass' as 'pass' | 'fail' | 'hang' }
    const server = createServer((request, response) => {
      if (front.does === 'hang') return
      if (front.does === 'fail')
        return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
      const { method, headers, url: path } = request
      const onward = httpRequest(`${target}${path}`, { method: method!, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      request.pipe(onward)
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    onTestFinished(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await behind.close()
    })
    return front
  }

  test.each(['fail', 'hang'] as const)('the page that is kept is shown, and signs by itself: %s', async (does) => {
    const front = await startFront()
    const { page } = await open({}, `${front.address}/`)
    await expectText(page, '#offline', /works without a network/)
    front.does = does
    await page.reload({ waitUntil: 'domcontentloaded' })
    await page.waitForSelector('#verdict:not(:empty)', { timeout: 60_000 })
    expect(await page.title()).not.toMatch(/502|Bad Gateway/)
    await expectText(page, '#verdict', /This token is good.*this-page\.invalid/s)
  })

  test('only what is its own is kept and thrown away: one entry for a page, and no cache of another application', async () => {
    const front = await startFront()
    const context = await browser.newContext()
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${front.address}/samples`)
    await page.evaluate(`(async () => {
      for (const name of ['another-application v1', 'scitokens-demo ' + location.origin + '/another/ 1'])
        await (await caches.open(name)).put('/theirs', new Response('theirs'))
      // What another application keeps under our page's address is not our page.
      await (await caches.open('another-application v1')).put('/device-code', new Response('not ours'))
    })()`)
    for (const path of ['/', '/device-code?user_code=A', '/device-code?user_code=B', '/?x=1', '/']) {
      // oxlint-disable-next-line no-await-in-loop -- one visit after the other
      await page.goto(front.address + path)
      // oxlint-disable-next-line no-await-in-loop -- from the first visit on the worker is there
      if (path === '/') await expectText(page, '#offline', /works without a network/)
    }
    const kept = await page.evaluate<[string, string[]][]>(`(async () => {
      const names = await caches.keys()
      return Promise.all(names.map(async (name) => [name, (await (await caches.open(name)).keys()).map(({ url }) => url)]))
    })()`)
    expect(kept.map(([name]) => name)).toEqual([
      'another-application v1',
      `scitokens-demo ${front.address}/another/ 1`,
      expect.stringMatching(/^scitokens-demo http:\/\/localhost:\d+\/ [\da-f]+$/),
    ])
    const ours = kept[2]![1]
    expect(ours.filter((address) => address.includes('?'))).toEqual([])
    expect(new Set(ours).size).toBe(ours.length)
    front.does = 'fail'
    await page.goto(`${front.address}/device-code?user_code=C`)
    expect(await page.textContent('body')).not.toMatch(/not ours|Bad Gateway/)
  })
})

describe('without a network', () => {
  test('the page opens again and goes on, with a key of its own', async () => {
    const own = await startDemo()
    const { page, complaints } = await open({}, `${own.issuer}/`)
    await expectText(page, '#offline', /works without a network/)
    const kept = await tokenOn(page)
    await own.close()
    await page.reload()
    await page.waitForSelector('#verdict:not(:empty)')
    await expectText(page, '#problem', /cannot be reached/)
    await expectText(page, '#verdict', /This token is good.*this-page\.invalid/s)
    // The server's keys were kept, too: its tokens are still verified.
    await paste(page, '#encoded', kept)
    await expectText(page, '#verdict', /This token is good.*key-es256/s)
    await page.click('#sample-traversal summary')
    await expectText(page, '#sample-traversal', /invalid_scope/)
    await page.click('#begin-chain')
    await expectText(page, '.chain li:nth-child(1)', /You/)
    expect(complaints.filter((text) => !text.includes('Failed to load resource'))).toEqual([])
  })
})

describe('everybody', () => {
  test('can use it with the keyboard alone', async () => {
    const { page } = await open()
    const active = (): Promise<string> =>
      page.evaluate('document.activeElement.id || document.activeElement.textContent')
    await page.keyboard.press('Tab')
    expect(await active()).toBe('Skip to the token')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await active()).toBe('copy-token')
    for (const id of ['new-token', 'encoded', 'profile', 'algorithm', 'signer', 'header-json', 'payload']) {
      await page.keyboard.press('Tab')
      expect(await active()).toBe(id)
    }
  })

  const LOOKS: readonly [string, BrowserContextOptions][] = [
    ['light', { colorScheme: 'light', viewport: { width: 1360, height: 900 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1360, height: 900 } }],
    ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
  ]
  test.each(LOOKS)('can read it: accessible, and no wider than its window: %s', async (name, options) => {
    const { page, complaints } = await open(options)
    const look = async (step: string): Promise<void> => {
      await page.evaluate(axe.source)
      const problems = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`))',
      )
      expect(problems, step).toEqual([])
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overflow, `${step} scrolls sideways`).toBeLessThanOrEqual(0)
      if (SCREENSHOTS === undefined) return
      mkdirSync(SCREENSHOTS, { recursive: true })
      await page.evaluate('scrollTo(0, 0)')
      await page.screenshot({ path: join(SCREENSHOTS, `demo-${step}-${name}.png`), fullPage: true })
    }
    await look('good')
    await page.click('#sample-traversal summary')
    await page.click('#sample-traversal >> text=Put it on the table')
    await page.click('#begin-chain')
    await expectText(page, '#chain-problem', /\w/)
    await look('broken')
    const broken = await tokenOn(page)
    await page.click('#new-token')
    // The claims of a token that comes while they are being filled in would push in between.
    await expect.poll(() => tokenOn(page), { timeout: 60_000 }).not.toBe(broken)
    await page.fill('#payload', '{"sub":"ana","scope":"read:/data"}')
    await expectText(page, '#verdict', /This token is good/)
    await page.click('#begin-chain')
    await page.waitForSelector('.derive')
    await page.click('.derive button')
    await expect.poll(() => page.locator('#chain thead th').count(), { timeout: 60_000 }).toBe(3)
    await look('chain')
    await page.goto(`${url}device-code`)
    await look('device-code')
    // The server's 400 to the broken chain is told in the page; the browser mentions it, too.
    expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([])
  })

  test('chooses light or dark, and it stays', async () => {
    const { page } = await open({ colorScheme: 'light' })
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await background()
    await page.click('#theme')
    expect(await background()).toBe(light)
    await page.click('#theme')
    const dark = await background()
    expect(dark).not.toBe(light)
    await page.reload()
    expect(await background()).toBe(dark)
  })

  test('without JavaScript is told what works', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(url)
    expect(await page.textContent('noscript')).toContain('needs JavaScript')
    await page.goto(`${url}device-code`)
    await Promise.all([page.waitForURL(url), page.click('button')])
  })
})
