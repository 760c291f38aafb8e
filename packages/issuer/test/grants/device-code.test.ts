import { describe, expect, test } from 'vitest'
import { Browser, type Seen } from '../support/browser.ts'
import { APP, basic, type Harness, type Reply, SECRET, startIssuerForPeople } from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

function begin(harness: Harness, form: Record<string, string> = {}): Promise<Reply> {
  return harness.post('/device_authorization', form, basic('app', SECRET))
}

function poll(harness: Harness, { body }: Reply): Promise<Reply> {
  return harness.token({ grant_type: DEVICE, device_code: body['device_code'] as string }, basic('app', SECRET))
}

async function typeCode(browser: Browser, harness: Harness, userCode: string, subject = 'ana'): Promise<Seen> {
  const first = await browser.open(`${harness.url}/device`)
  const page = first.text.includes('Development login') ? await browser.submit(first, { subject }) : first
  return browser.submit(page, { user_code: userCode })
}

describe('a device login', () => {
  test('goes by code, login and a page that says what will be allowed', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness, { scope: 'openid read:/store/data' })
    expect(begun.body).toEqual({
      device_code: expect.any(String),
      user_code: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
      verification_uri: `${harness.url}/device`,
      verification_url: `${harness.url}/device`,
      verification_uri_complete: `${harness.url}/device?user_code=${begun.body['user_code'] as string}`,
      expires_in: 900,
      interval: 5,
    })
    expect((await poll(harness, begun)).body['error']).toBe('authorization_pending')
    const browser = new Browser(harness.issuer)
    const confirm = await typeCode(browser, harness, begun.body['user_code'] as string)
    expect(confirm.text).toContain('Allow Analysis Portal?')
    expect(confirm.text).toContain('read files in <code>/store/data</code> and below')
    expect((await browser.submit(confirm, { answer: 'allow' })).text).toContain('Your device is connected')
    harness.clock.advance(5)
    const reply = await poll(harness, begun)
    expect(await harness.claims(reply.body['access_token'] as string)).toMatchObject({
      sub: 'ana',
      scope: 'openid read:/store/data',
    })
    expect(reply.body['refresh_token']).toMatch(/^rt\./)
    expect(reply.body['id_token']).toEqual(expect.any(String))
    expect((await poll(harness, begun)).body['error']).toBe('invalid_grant')
  })

  test('asks to be confirmed also when the code came with the link, and shows it for comparison', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness)
    const browser = new Browser(harness.issuer)
    const login = await browser.open(begun.body['verification_uri_complete'] as string)
    const page = await browser.submit(login, { subject: 'ana' })
    expect(page.text).toContain(`value="${begun.body['user_code'] as string}"`)
    expect((await poll(harness, begun)).body['error']).toBe('authorization_pending')
  })

  test('takes the code however it is typed', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness)
    const typed = (begun.body['user_code'] as string).toLowerCase().replace('-', ' ')
    expect((await typeCode(new Browser(harness.issuer), harness, typed)).text).toContain('Allow Analysis Portal?')
  })

  test('ends with access_denied when the person refuses', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness)
    const browser = new Browser(harness.issuer)
    await browser.submit(await typeCode(browser, harness, begun.body['user_code'] as string), { answer: 'deny' })
    expect((await poll(harness, begun)).body['error']).toBe('access_denied')
  })

  test('ends with expired_token when nobody answers, and the user code is then void', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness)
    harness.clock.advance(900)
    expect((await poll(harness, begun)).body['error']).toBe('expired_token')
    const page = await typeCode(new Browser(harness.issuer), harness, begun.body['user_code'] as string)
    expect(page.text).toContain('not known, or too old')
  })

  test('slows down whoever asks too often', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness)
    const errors: unknown[] = []
    for (const wait of [0, 5, 1, 5, 10]) {
      harness.clock.advance(wait)
      errors.push((await poll(harness, begun)).body['error'])
    }
    expect(errors).toEqual(['authorization_pending', 'authorization_pending', 'slow_down', 'slow_down', 'slow_down'])
    harness.clock.advance(20)
    expect((await poll(harness, begun)).body['error']).toBe('authorization_pending')
  })

  test('stops whoever guesses user codes', async () => {
    const harness = await startIssuerForPeople()
    const browser = new Browser(harness.issuer)
    for (let i = 0; i < 10; i++) expect((await typeCode(browser, harness, 'BBBB-BBBB')).status).toBe(400)
    const blocked = await typeCode(browser, harness, 'BBBB-BBBB')
    expect([blocked.status, blocked.headers['retry-after']]).toEqual([429, '300'])
    harness.clock.advance(301)
    const begun = await begin(harness)
    expect((await typeCode(browser, harness, begun.body['user_code'] as string)).status).toBe(200)
  })

  test('is open to public clients that say their name in a Basic header with no secret, as oidc-agent does', async () => {
    const { clientSecret: _, ...open } = { ...APP, clientId: 'agent' }
    const harness = await startIssuerForPeople({ clients: [open] })
    const begun = await harness.post(
      '/device_authorization',
      { client_id: 'agent', scope: 'read:/store' },
      basic('agent', ''),
    )
    expect(begun.status).toBe(200)
    const browser = new Browser(harness.issuer)
    await browser.submit(await typeCode(browser, harness, begun.body['user_code'] as string), { answer: 'allow' })
    const form = { grant_type: DEVICE, device_code: begun.body['device_code'] as string }
    expect((await harness.token(form, basic('agent', ''))).status).toBe(200)
  })

  test('that asks for more than the person may have is told so before anything is allowed', async () => {
    const harness = await startIssuerForPeople()
    const begun = await begin(harness, { scope: 'read:/elsewhere' })
    const page = await typeCode(new Browser(harness.issuer), harness, begun.body['user_code'] as string)
    expect([page.status, page.text.includes('You cannot allow what the device asks for')]).toEqual([403, true])
  })
})

test('the times and limits of pages are configured, down to a second', async () => {
  const harness = await startIssuerForPeople({ wrongCodes: 1, wrongCodeSeconds: 2, pageSeconds: 1, loginSeconds: 1 })
  const browser = new Browser(harness.issuer)
  const begun = await browser.open(`${harness.url}/device`)
  harness.clock.advance(1)
  expect((await browser.submit(begun, { subject: 'ana' })).status).toBe(400)
  const page = await browser.submit(await browser.open(`${harness.url}/device`), { subject: 'ana' })
  const wrong = await browser.submit(page, { user_code: 'BBBB-BBBB' })
  expect(wrong.text).toContain('This code is not known')
  const stopped = await browser.submit(wrong, { user_code: 'BBBB-BBBB' })
  expect([stopped.status, stopped.headers['retry-after']]).toEqual([429, '2'])
  expect(stopped.text).toContain('Wait 2 seconds.')
  harness.clock.advance(1)
  expect((await browser.submit(wrong, { user_code: 'BBBB-BBBB' })).text).toContain('open for too long')
  harness.clock.advance(1)
  const fresh = await browser.open(`${harness.url}/device`)
  expect((await browser.submit(fresh, { user_code: 'BBBB-BBBB' })).text).toContain('This code is not known')
})
