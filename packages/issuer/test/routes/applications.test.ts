import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Browser, type Seen } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, ROBOT, SECRET, startIssuerForPeople } from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const OTHER = { ...APP, clientId: 'other', clientName: 'Other <i>Tool</i>' }

/** Logs in and opens the page. */
async function openApplications(harness: Harness, subject = 'ana'): Promise<{ browser: Browser; page: Seen }> {
  const browser = new Browser(harness.issuer)
  const login = await browser.open(`${harness.url}/applications`)
  return { browser, page: await browser.submit(login, { subject }) }
}

function refresh(harness: Harness, reply: { body: Record<string, unknown> }, client = 'app') {
  const form = { grant_type: 'refresh_token', refresh_token: reply.body['refresh_token'] as string }
  return harness.token(form, basic(client, SECRET))
}

function familyOf(harness: Harness, at = -1): string {
  return harness.audit.events.filter(({ event }) => event === 'token_issued').at(at)!.family!
}

describe('"Your applications"', () => {
  test('needs a login, and comes back to itself after it', async () => {
    const harness = await startIssuerForPeople()
    const { page } = await openApplications(harness)
    expect(page.url).toBe(`${harness.url}/applications`)
    expect(page.text).toContain('No application can act for you')
  })

  test('says which application may do what, since when, when it last came, and until when', async () => {
    const harness = await startIssuerForPeople({ clients: [ROBOT, APP, OTHER] })
    const scope = 'openid read:/store write:/store/user/ana offline_access'
    const login = await loginByCode(harness, { scope, resource: 'https://se.example.org' })
    await loginByCode(harness, { scope: 'read:/store/x' }, { client: 'other' })
    harness.clock.advance(86_400)
    await refresh(harness, login)
    const { page } = await openApplications(harness)
    expect(page.status).toBe(200)
    // The one that came last is first.
    expect(page.text.indexOf('Analysis Portal')).toBeLessThan(page.text.indexOf('Other &lt;i&gt;Tool&lt;/i&gt;'))
    for (const text of [
      'create, change and delete files in <code>/store/user/ana</code> and below',
      'read files in <code>/store/x</code> and below',
      'know who you are',
      'do so at <code>https://se.example.org</code>',
      '<dt>Since</dt><dd><time datetime="2027-01-15T08:00:00.000Z">15 January 2027 at 08:00 UTC</time>',
      '<dt>Last used</dt><dd><time datetime="2027-01-16T08:00:00.000Z">16 January 2027 at 08:00 UTC</time>',
      // The end is rounded up by hours.
      '<dt>Until</dt><dd><time datetime="2027-02-15T',
    ]) {
      expect(page.text).toContain(text)
    }
    expect(page.text).not.toContain('while you are away</strong>')
  })

  test('shows devices as such', async () => {
    const harness = await startIssuerForPeople()
    await connectDevice(harness)
    expect((await openApplications(harness)).page.text).toContain('You connected a device')
  })

  test('revokes one access: its refresh token is refused from then on, others go on, and the audit says so', async () => {
    const harness = await startIssuerForPeople()
    const first = await loginByCode(harness)
    const family = familyOf(harness)
    const second = await loginByCode(harness)
    const { browser, page } = await openApplications(harness)
    const done = await browser.submit(page, { family })
    expect(done.status).toBe(200)
    expect(done.text).toContain('Revoked: <strong>Analysis Portal</strong>')
    expect(done.text).toContain('ends within 1 hour')
    expect(done.text).not.toContain(family)
    const refused = await refresh(harness, first)
    expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_grant'])
    expect((await refresh(harness, second)).status).toBe(200)
    expect(harness.audit.events.filter(({ event }) => event === 'token_revoked')).toEqual([
      {
        time: harness.clock.now,
        event: 'token_revoked',
        issuer: harness.url,
        client: 'app',
        subject: 'ana',
        family,
        address: '127.0.0.1',
        detail: 'by the person',
      },
    ])
  })

  test('revokes all that an application has at once, and nothing of other applications', async () => {
    const harness = await startIssuerForPeople({ clients: [ROBOT, APP, OTHER] })
    const logins = [await loginByCode(harness), await loginByCode(harness)]
    const kept = await loginByCode(harness, {}, { client: 'other' })
    const { browser, page } = await openApplications(harness)
    await browser.submit(page, { client: 'app' })
    for (const login of logins) expect((await refresh(harness, login)).body['error']).toBe('invalid_grant')
    expect((await refresh(harness, kept, 'other')).status).toBe(200)
  })

  test('never shows what other people granted, and does not let it be revoked', async () => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness, {}, { subject: 'ana' })
    const family = familyOf(harness)
    const { browser, page } = await openApplications(harness, 'eve')
    expect(page.text).not.toContain('Analysis Portal')
    await loginByCode(harness, {}, { subject: 'eve' })
    const own = await browser.open(`${harness.url}/applications`)
    expect(own.text).toContain('Analysis Portal')
    expect(own.text).not.toContain(family)
    for (const fields of [{ family }, { client: 'app' }]) {
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      await browser.submit(own, fields)
    }
    expect((await refresh(harness, login)).status).toBe(200)
    expect(harness.audit.events.filter(({ event }) => event === 'token_revoked')).toMatchObject([{ subject: 'eve' }])
  })

  test.each([
    ['without the page', async () => ''],
    ['with a guessed page', async () => 'guess'],
    [
      'with the page of somebody else',
      async (harness: Harness) => {
        await loginByCode(harness, {}, { subject: 'eve' })
        const { page } = await openApplications(harness, 'eve')
        expect(page.text).toContain('<article>')
        return pageFieldOf(page)
      },
    ],
    [
      'with a page of another kind',
      async (harness: Harness, browser: Browser) => pageFieldOf(await browser.open(`${harness.url}/device`)),
    ],
  ])('does nothing for a form %s (CSRF)', async (_, field) => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness)
    const family = familyOf(harness)
    const { browser } = await openApplications(harness)
    const reply = await browser.post(`${harness.url}/applications`, { family, page: await field(harness, browser) })
    expect(reply.status).toBe(400)
    expect(reply.text).toContain('Nothing was revoked')
    expect((await refresh(harness, login)).status).toBe(200)
  })

  test('a form that lay open for too long is void', async () => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness)
    const { browser, page } = await openApplications(harness)
    harness.clock.advance(601)
    expect((await browser.submit(page, { family: familyOf(harness) })).status).toBe(400)
    expect((await refresh(harness, login)).status).toBe(200)
  })

  test('says so when the access had ended already', async () => {
    const harness = await startIssuerForPeople()
    await loginByCode(harness)
    const { browser, page } = await openApplications(harness)
    const family = familyOf(harness)
    await browser.submit(page, { family })
    const again = await browser.submit(page, { family })
    expect(again.text).toContain('had ended already')
    expect(harness.audit.events.filter(({ event }) => event === 'token_revoked')).toHaveLength(1)
  })

  test('has the strict headers of every page', async () => {
    const harness = await startIssuerForPeople()
    const { page } = await openApplications(harness)
    expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'no-store' })
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(page.text).not.toMatch(/<script|style="| on[a-z]+=/)
  })

  test('names an application that is not known any more by its id, and lets it be revoked', async () => {
    const harness = await startIssuerForPeople()
    await loginByCode(harness)
    const { browser } = await openApplications(harness)
    // As when nobody may register any more, or as on an instance that has yet to be told.
    harness.issuer.realms[0]!.clients.replace([])
    const page = await browser.open(`${harness.url}/applications`)
    expect(page.text).toContain('is not known here any more')
    expect((await browser.submit(page, { family: familyOf(harness) })).text).toContain('Revoked: <strong>app</strong>')
  })

  test('shows the newest two hundred, and "Revoke all" reaches those beyond', async () => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness)
    const { store } = harness.issuer.realms[0]!
    const key = { realm: harness.url, kind: 'family', id: familyOf(harness) } as const
    const { value } = (await store.get(key))!
    await Promise.all(
      Array.from({ length: 250 }, (_, index) =>
        store.insertIfAbsent({ ...key, id: `made-${index}`, owner: 'ana', value }),
      ),
    )
    const { browser, page } = await openApplications(harness)
    expect(page.text.match(/<article>/g)).toHaveLength(200)
    expect(page.text).toContain('more than can be shown')
    const done = await browser.submit(page, { client: 'app' })
    expect(done.text).toContain('No application can act for you')
    expect((await refresh(harness, login)).body['error']).toBe('invalid_grant')
  })

  test('is linked from where people allow something', async () => {
    const harness = await startIssuerForPeople()
    expect((await connectDevice(harness)).text).toContain(`<a href="${harness.url}/applications">`)
    const browser = new Browser(harness.issuer)
    const query = 'response_type=code&client_id=app&code_challenge_method=S256&code_challenge='
    const login = await browser.open(`${harness.url}/authorize?${query}${'x'.repeat(43)}`)
    expect((await browser.submit(login, { subject: 'ana' })).text).toContain(`<a href="${harness.url}/applications">`)
  })

  test('works over a real connection', async () => {
    const harness = await startIssuerForPeople()
    const { port } = new URL(await harness.issuer.listen({ host: '127.0.0.1', port: 0 }))
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/vo/applications' }, (response) => {
        response.resume()
        expect(response.headers.location).toMatch(/\/login\?continue=/)
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(303)
  })
})

describe('logging out', () => {
  test('ends the session of this browser, and leaves what was granted', async () => {
    const harness = await startIssuerForPeople()
    const login = await loginByCode(harness)
    const { browser, page } = await openApplications(harness)
    const out = await browser.submit(page, {}, '/logout')
    expect(out.text).toContain('You are logged out')
    expect(browser.cookies.size).toBe(0)
    expect((await browser.open(`${harness.url}/applications`)).url).toContain('/login')
    expect((await refresh(harness, login)).status).toBe(200)
  })

  test('cannot be caused by another site', async () => {
    const harness = await startIssuerForPeople()
    const { browser } = await openApplications(harness)
    expect((await browser.post(`${harness.url}/logout`, { page: 'guess' })).status).toBe(400)
    expect((await browser.open(`${harness.url}/applications`)).text).toContain('You are logged in as')
  })
})

function pageFieldOf({ text }: Seen): string {
  return /name="page" value="([^"]*)"/.exec(text)![1]!
}

async function connectDevice(harness: Harness): Promise<Seen> {
  const { body } = await harness.post('/device_authorization', { scope: 'read:/store' }, basic('app', SECRET))
  const browser = new Browser(harness.issuer)
  const login = await browser.open(body['verification_uri_complete'] as string)
  const code = await browser.submit(login, { subject: 'ana' })
  const confirm = await browser.submit(code, { user_code: body['user_code'] as string })
  const done = await browser.submit(confirm, { answer: 'allow' })
  const form = { grant_type: DEVICE, device_code: body['device_code'] as string }
  expect((await harness.token(form, basic('app', SECRET))).status).toBe(200)
  return done
}

describe('the servers of a grant that names none', () => {
  const AUDIENCES = Array.from({ length: 10 }, (_, index) => `https://se${index}.example.org`)
  test.each([
    [
      'are those of the client',
      ['https://a.example', 'https://b.example'],
      'at <code>https://a.example</code>, <code>https://b.example</code></li>',
    ],
    ['are counted when they are many', AUDIENCES, '<code>https://se7.example.org</code> and 2 more servers</li>'],
    ['may be any', ['*'], 'at <strong>any server</strong> that the application chooses</li>'],
    [
      'may be all at once',
      ['ANY', 'https://a.example'],
      'at <strong>every server</strong> that trusts this issuer</li>',
    ],
  ])('%s', async (_, audiences, words) => {
    const client = { ...APP, audiences, defaultAudience: audiences[0] === '*' ? 'https://x.example' : audiences[0]! }
    const harness = await startIssuerForPeople({ clients: [ROBOT, client] })
    await loginByCode(harness)
    expect((await openApplications(harness)).page.text).toContain(words)
  })
})
