import { openIssuer, LoginAdmin, type Store } from '@scitokens/issuer'
import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import {
  APP,
  basic,
  type Code,
  getCode,
  type Harness,
  loginByCode,
  redeem,
  type Reply,
  ROBOT,
  SECRET,
  startIssuerForPeople,
} from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const MASTER_KEY = { value: new Uint8Array(32).fill(6) }
const WITH = [ROBOT, APP]
const WITHOUT = [ROBOT]

const start = (clients = WITH, store?: Store): Promise<Harness> =>
  startIssuerForPeople({ clients }, { masterKey: MASTER_KEY, ...(store && { storage: { store } }) })

const reconfigure = (harness: Harness, clients = WITH): Promise<void> =>
  harness.issuer.reconfigure({ issuer: harness.url, clients, storage: { memory: true } })

const refresh = (harness: Harness, { body }: Reply) =>
  harness.token({ grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string }, basic('app', SECRET))

/** Lets a server of this issuer begin to serve. */
const serve = async (harness: Harness): Promise<void> => {
  await harness.issuer.buildServer().ready()
}

async function hold(harness: Harness): Promise<{ login: Reply; code: Code; device: string }> {
  const begun = (await harness.post('/device_authorization', {}, basic('app', SECRET))).body
  const browser = new Browser(harness.issuer)
  await browser.submit(await browser.open(`${harness.url}/applications`), { subject: 'ana' })
  const page = await browser.open(`${harness.url}/device`)
  await browser.submit(await browser.submit(page, { user_code: begun['user_code'] as string }), { answer: 'allow' })
  return { login: await loginByCode(harness), code: await getCode(harness), device: begun['device_code'] as string }
}

async function expectEnded(harness: Harness, { login, code, device }: Awaited<ReturnType<typeof hold>>): Promise<void> {
  const replies = [
    await refresh(harness, login),
    await redeem(harness, code),
    await harness.token({ grant_type: DEVICE, device_code: device }, basic('app', SECRET)),
  ]
  expect(replies.map(({ body }) => body['error'])).toEqual(['invalid_grant', 'invalid_grant', 'invalid_grant'])
  for (const name of ['access_token', 'refresh_token']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const seen = await harness.post('/introspect', { token: login.body[name] as string })
    expect(seen.body, name).toEqual({ active: false })
  }
}

describe('a client of the configuration', () => {
  test('that is taken out and comes back inherits nothing, and the audit says when it went', async () => {
    const harness = await start()
    const held = await hold(harness)
    await reconfigure(harness, WITHOUT)
    expect((await refresh(harness, held.login)).status).toBe(401)
    expect(harness.audit.events.filter(({ event }) => event === 'client_removed')).toMatchObject([
      { client: 'app', detail: 'no longer in the configuration' },
    ])
    await reconfigure(harness, WITH)
    await expectEnded(harness, held)
    harness.clock.advance(1)
    expect((await refresh(harness, await loginByCode(harness))).status).toBe(200)
  })

  test('that went while nothing ran is gone at the next start', async () => {
    const before = await start()
    const held = await hold(before)
    const { store } = before.issuer.realms[0]!
    await serve(await start(WITHOUT, store))
    const after = await start(WITH, store)
    await serve(after)
    await expectEnded(after, held)
  })

  test('that is only changed, or is there at each start, keeps what it holds', async () => {
    const harness = await start()
    const login = await loginByCode(harness)
    await reconfigure(harness, [ROBOT, { ...APP, clientName: 'Renamed', lifetime: 60 }])
    const again = await start(WITH, harness.issuer.realms[0]!.store)
    await serve(again)
    const next = await refresh(again, login)
    expect(next.status).toBe(200)
    expect((await refresh(harness, next)).status).toBe(200)
  })

  test('is not ended by a command that looks into the database with another configuration', async () => {
    const harness = await start()
    const login = await loginByCode(harness)
    const { store } = harness.issuer.realms[0]!
    const opened = await openIssuer({
      issuer: harness.url,
      dangerouslyAllowLoopbackHttp: true,
      clients: WITHOUT,
      storage: { store },
      masterKey: MASTER_KEY,
      clock: harness.clock.read,
    })
    const logins = []
    for await (const one of new LoginAdmin(opened.realms[0]!).list()) logins.push(one)
    expect(logins).toMatchObject([{ client: 'app', subject: 'ana' }])
    expect((await refresh(harness, login)).status).toBe(200)
  })

  test('ends on every instance as soon as one knows that it went, and comes back as soon as one has it again', async () => {
    const one = await start()
    const other = await start(WITH, one.issuer.realms[0]!.store)
    const browser = new Browser(other.issuer)
    const login = await loginByCode(other, {}, { browser })
    await reconfigure(one, WITHOUT)
    expect((await refresh(other, login)).body['error']).toBe('invalid_grant')
    // The other has yet to be told; nothing new begins there either.
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'app',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    })
    const consent = await browser.open(`${other.url}/authorize?${query}`)
    expect((await browser.submit(consent, { answer: 'allow' })).text).toContain('no longer known here')
    await reconfigure(one, WITH)
    other.clock.advance(1)
    const anew = await loginByCode(other, {}, { subject: 'eve' })
    expect((await refresh(other, anew)).status).toBe(200)
    expect((await refresh(other, login)).body['error']).toBe('invalid_grant')
  })

  test('keeps what it holds where a configuration with a mistake is refused', async () => {
    const harness = await start()
    const login = await loginByCode(harness)
    await expect(reconfigure(harness, [{ ...ROBOT, lifetime: -1 }])).rejects.toMatchObject({ code: 'config_error' })
    expect((await refresh(harness, login)).status).toBe(200)
  })
})

describe('a client that registered itself', () => {
  test('ends what it held when it removes itself, and its registration access token with it', async () => {
    const harness = await startIssuerForPeople({
      clients: WITH,
      registration: {
        scopes: ['read:/store'],
        audiences: ['https://se.example.org'],
        defaultAudience: 'https://se.example.org',
      },
    })
    const server = harness.issuer.buildServer()
    const made = (
      await server.inject({
        method: 'POST',
        url: '/vo/register',
        payload: { grant_types: [DEVICE, 'refresh_token'], redirect_uris: [] },
      })
    ).json<Record<string, string>>()
    const credentials = basic(made['client_id']!, made['client_secret']!)
    const begun = (await harness.post('/device_authorization', {}, credentials)).body
    const browser = new Browser(harness.issuer)
    await browser.submit(await browser.open(`${harness.url}/applications`), { subject: 'ana' })
    const page = await browser.open(`${harness.url}/device`)
    await browser.submit(await browser.submit(page, { user_code: begun['user_code'] as string }), { answer: 'allow' })
    const login = await harness.token({ grant_type: DEVICE, device_code: begun['device_code'] as string }, credentials)
    expect(login.body['refresh_token']).toBeDefined()
    const registration = {
      url: `/vo/register/${made['client_id']}`,
      headers: { authorization: `Bearer ${made['registration_access_token']}` },
    }
    expect((await server.inject({ method: 'DELETE', ...registration })).statusCode).toBe(204)
    expect((await server.inject({ method: 'GET', ...registration })).statusCode).toBe(401)
    expect(
      (
        await harness.token(
          { grant_type: 'refresh_token', refresh_token: login.body['refresh_token'] as string },
          credentials,
        )
      ).status,
    ).toBe(401)
    expect((await harness.post('/introspect', { token: login.body['access_token'] as string })).body).toEqual({
      active: false,
    })
    expect((await browser.open(`${harness.url}/applications`)).text).toContain('No application can act for you')
    expect(harness.audit.events.filter(({ event }) => event === 'client_removed')).toMatchObject([
      { client: made['client_id'], address: '127.0.0.1' },
    ])
  })
})
