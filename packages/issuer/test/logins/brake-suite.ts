import { setImmediate } from 'node:timers/promises'
import { type ClientOptions, LoginAdmin, PersonAdmin } from '@scitokens/issuer'
import { beforeEach, describe, expect, test } from 'vitest'
import { ClientAdmin } from '../../src/admin/client-admin.ts'
import { endClientRound } from '../../src/logins/end-logins.ts'
import { Browser, type Seen } from '../support/browser.ts'
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
} from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** A second application, which may pass on what others were given. */
const OTHER: ClientOptions = {
  ...APP,
  clientId: 'other',
  clientName: 'Other Tool',
  exchange: { from: ['*'], refresh: true },
}
/** One that gets no refresh tokens. */
const PLAIN = { ...APP, clientId: 'plain', grants: ['authorization_code'] as const }
export const CLIENTS: readonly ClientOptions[] = [ROBOT, { ...APP, exchange: { refresh: true } }, OTHER, PLAIN]

const SCOPE = 'openid offline_access read:/store'

/** All that one person has at one application. */
interface Held {
  readonly browser: Browser
  readonly login: Reply
  readonly code: Code
  /** Approved by the person, not fetched yet. */
  readonly deviceCode: string
  /** The page on which the person has yet to allow something. */
  readonly consent: Seen
  /** The page on which the person has yet to connect a device. */
  readonly connect: Seen
}

async function beginDevice(harness: Harness, client: string): Promise<Record<string, string>> {
  return (await harness.post('/device_authorization', { scope: SCOPE }, basic(client, SECRET))).body as Record<
    string,
    string
  >
}

async function hold(harness: Harness, subject: string, client = 'app'): Promise<Held> {
  const browser = new Browser(harness.issuer)
  const first = await browser.open(`${harness.url}/device`)
  await browser.submit(first, { subject })
  const typeCode = async ({ user_code }: Record<string, string>): Promise<Seen> =>
    browser.submit(await browser.open(`${harness.url}/device`), { user_code: user_code! })
  const device = await beginDevice(harness, client)
  await browser.submit(await typeCode(device), { answer: 'allow' })
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
  })
  return {
    browser,
    login: await loginByCode(harness, { scope: SCOPE }, { subject, client }),
    code: await getCode(harness, { scope: SCOPE }, { subject, client }),
    deviceCode: device['device_code']!,
    consent: await browser.open(`${harness.url}/authorize?${query}`),
    connect: await typeCode(await beginDevice(harness, client)),
  }
}

const refresh = (harness: Harness, { body }: Reply, client = 'app') =>
  harness.token({ grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string }, basic(client, SECRET))

const active = async (harness: Harness, token: unknown, client = 'app'): Promise<unknown> =>
  (await harness.post('/introspect', { token: token as string }, basic(client, SECRET))).body['active']

const exchange = (harness: Harness, token: unknown, client = 'app', more: Record<string, string> = {}) =>
  harness.token(
    { grant_type: EXCHANGE, subject_token: token as string, subject_token_type: ACCESS_TOKEN, ...more },
    basic(client, SECRET),
  )

async function userinfo(harness: Harness, token: unknown): Promise<number> {
  const { pathname } = new URL(harness.url)
  const headers = { authorization: `Bearer ${token as string}` }
  return (await harness.issuer.buildServer().inject({ url: `${pathname}/userinfo`, headers })).statusCode
}

/** What of all that still works, by name. */
async function working(harness: Harness, held: Held, client = 'app'): Promise<readonly string[]> {
  const { access_token: access, refresh_token: refreshing } = held.login.body
  const pages = `${harness.url}/applications`
  const checks: Record<string, () => Promise<boolean>> = {
    'introspection of the refresh token': async () => (await active(harness, refreshing, client)) === true,
    'introspection of the access token': async () => (await active(harness, access, client)) === true,
    userinfo: async () => (await userinfo(harness, access)) === 200,
    exchange: async () => (await exchange(harness, access, client)).status === 200,
    refresh: async () => (await refresh(harness, held.login, client)).status === 200,
    code: async () => (await redeem(harness, held.code, { client })).status === 200,
    'device login': async () =>
      (await harness.token({ grant_type: DEVICE, device_code: held.deviceCode }, basic(client, SECRET))).status === 200,
    session: async () => (await held.browser.open(pages)).url === pages,
    consent: async () => (await held.browser.submit(held.consent, { answer: 'allow' })).leftTo !== undefined,
    'connecting a device': async () =>
      (await held.browser.submit(held.connect, { answer: 'allow' })).text.includes('is connected'),
  }
  const names: string[] = []
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const [name, check] of Object.entries(checks)) if (await check()) names.push(name)
  return names
}

const EVERYTHING = [
  'introspection of the refresh token',
  'introspection of the access token',
  'userinfo',
  'exchange',
  'refresh',
  'code',
  'device login',
  'session',
  'consent',
  'connecting a device',
]
const SESSION_ALONE = ['session']

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/**
 * What ends, ends at once and for good, wherever it is asked for.
 *
 * @param two - two instances of one issuer with {@link CLIENTS} on one database: one serves, the operator works on the other.
 */
export function brakeSuite(name: string, two: () => Promise<readonly [Harness, Harness]>): void {
  describe(`the emergency brake on ${name}`, () => {
    let harness: Harness
    let logins: LoginAdmin
    let people: PersonAdmin
    let clients: ClientAdmin
    let there: Harness
    beforeEach(async () => {
      ;[harness, there] = await two()
      const realm = there.issuer.realms[0]!
      logins = new LoginAdmin(realm)
      people = new PersonAdmin(realm)
      clients = new ClientAdmin(realm)
    })
    const tick = (): void => [harness, there].forEach(({ clock }) => clock.advance(1))
    const told = (event: string) => there.audit.events.filter((one) => one.event === event)

    test('is not on by itself: all that is tried here works', async () => {
      expect(await working(harness, await hold(harness, 'ana'))).toEqual(EVERYTHING)
    })

    test('ends all logins of a person, and of nobody else; the person logs in anew', async () => {
      const [ana, eve] = [await hold(harness, 'ana'), await hold(harness, 'eve')]
      const { families } = await logins.end({ subject: 'ana' })
      expect(families).toHaveLength(1)
      expect(await working(harness, ana)).toEqual([])
      expect(await working(harness, eve)).toEqual(EVERYTHING)
      expect(told('logins_ended')).toMatchObject([{ subject: 'ana', detail: 'by an operator' }])
      expect(told('token_revoked')).toMatchObject([{ subject: 'ana', family: families[0], detail: 'by an operator' }])
      tick()
      expect(await working(harness, await hold(harness, 'ana'))).toEqual(EVERYTHING)
      expect(await working(harness, ana)).toEqual([])
    })

    test('ends all logins with a client, and none with others; people stay logged in here', async () => {
      const [ana, other] = [await hold(harness, 'ana'), await hold(harness, 'ana', 'other')]
      await logins.end({ client: 'app' })
      expect(await working(harness, ana)).toEqual(SESSION_ALONE)
      expect(await working(harness, other, 'other')).toEqual(EVERYTHING)
      expect(told('logins_ended')).toMatchObject([{ client: 'app' }])
      tick()
      expect(await working(harness, await hold(harness, 'ana'))).toEqual(EVERYTHING)
    })

    test('ends one login with those that were exchanged for its tokens, and leaves the others', async () => {
      const [stolen, kept] = [
        await loginByCode(harness, { scope: SCOPE }),
        await loginByCode(harness, { scope: SCOPE }),
      ]
      const passed = await exchange(harness, stolen.body['access_token'], 'other', { scope: SCOPE })
      const again = await exchange(harness, passed.body['access_token'], 'other', { scope: SCOPE })
      expect([passed, again].map(({ body }) => typeof body['refresh_token'])).toEqual(['string', 'string'])
      const family = harness.audit.events.find(({ event }) => event === 'token_issued')!.family!
      expect((await logins.end({ family })).families).toHaveLength(3)
      expect((await refresh(harness, stolen)).status).toBe(400)
      expect((await refresh(harness, passed, 'other')).status).toBe(400)
      expect((await refresh(harness, again, 'other')).status).toBe(400)
      expect((await refresh(harness, kept)).status).toBe(200)
      await expect(logins.end({ family })).rejects.toThrow('that goes on')
    })

    test('ends what others were given in the name of a client, and makes no person of it', async () => {
      const own = await harness.token({ grant_type: 'client_credentials' })
      const passed = await exchange(harness, own.body['access_token'], 'other', { scope: 'offline_access read:/store' })
      expect((await refresh(harness, passed, 'other')).status).toBe(200)
      expect((await logins.end({ subject: 'robot' })).families).toHaveLength(1)
      expect((await refresh(harness, passed, 'other')).status).toBe(400)
      expect((await harness.token({ grant_type: 'client_credentials' })).status).toBe(200)
      expect(await collect(people.list())).toEqual([])
      await expect(logins.end({ subject: ' robot' })).rejects.toThrow('no subject')
    })

    test('ends with a client what others were given for its tokens, also where it had no refresh token itself', async () => {
      const { body } = await loginByCode(harness, { scope: SCOPE }, { client: 'plain' })
      const passed = await exchange(harness, body['access_token'], 'other', { scope: SCOPE })
      const kept = await loginByCode(harness, { scope: SCOPE }, { client: 'other' })
      // One write does it, as at each way of removing a client.
      await endClientRound(there.issuer.realms[0]!, 'plain')
      expect(await active(harness, passed.body['refresh_token'], 'other')).toBe(false)
      expect((await refresh(harness, passed, 'other')).body['error']).toBe('invalid_grant')
      expect((await collect(logins.list({ client: 'other' }))).map(({ grant }) => grant)).toEqual([
        'authorization_code',
      ])
      expect((await logins.end({ client: 'plain' })).families).toHaveLength(1)
      expect((await refresh(harness, kept, 'other')).status).toBe(200)
    })

    test.each(['app', 'plain'])(
      'a code of %s that comes again ends all that its tokens were exchanged for',
      async (client) => {
        const code = await getCode(harness, { scope: SCOPE }, { client })
        const stolen = await redeem(harness, code, { client })
        const passed = await exchange(harness, stolen.body['access_token'], 'other', { scope: SCOPE })
        const token = await exchange(harness, stolen.body['access_token'], 'other')
        const kept = await loginByCode(harness, { scope: SCOPE }, { client: 'other' })
        expect((await redeem(harness, code, { client })).body['error']).toBe('invalid_grant')
        expect(await active(harness, token.body['access_token'], 'other')).toBe(false)
        expect((await refresh(harness, passed, 'other')).body['error']).toBe('invalid_grant')
        expect((await refresh(harness, kept, 'other')).status).toBe(200)
      },
    )

    test('a refresh token that comes again after its successor ends all that came of the login', async () => {
      const stolen = await loginByCode(harness, { scope: SCOPE })
      const thief = await refresh(harness, stolen)
      const passed = await exchange(harness, thief.body['access_token'], 'other', { scope: SCOPE })
      const again = await exchange(harness, passed.body['access_token'], 'other', { scope: SCOPE })
      harness.clock.advance(301)
      expect((await refresh(harness, stolen)).body['error']).toBe('invalid_grant')
      expect((await refresh(harness, passed, 'other')).body['error']).toBe('invalid_grant')
      expect((await refresh(harness, again, 'other')).body['error']).toBe('invalid_grant')
    })

    test('an exchange makes no new login of a token whose login was ended', async () => {
      // Without a refresh token it belongs to no login that could be found.
      const { body } = await loginByCode(harness, { scope: SCOPE }, { client: 'plain' })
      expect(body['refresh_token']).toBeUndefined()
      expect((await exchange(harness, body['access_token'], 'other', { scope: SCOPE })).status).toBe(200)
      await logins.end({ subject: 'ana' })
      expect((await exchange(harness, body['access_token'], 'other', { scope: SCOPE })).body['error']).toBe(
        'invalid_request',
      )
    })

    test('lists logins by person, client and family, without their tokens, and none that ended', async () => {
      const ana = await loginByCode(harness, { scope: SCOPE }, { subject: 'ana' })
      await loginByCode(harness, { scope: SCOPE }, { subject: 'eve' })
      await loginByCode(harness, { scope: SCOPE }, { subject: 'eve', client: 'other' })
      const names = async (query: object) =>
        (await collect(logins.list(query))).map(({ subject, client }) => `${subject} ${client}`).toSorted()
      expect(await names({})).toEqual(['ana app', 'eve app', 'eve other'])
      expect(await names({ subject: 'eve' })).toEqual(['eve app', 'eve other'])
      expect(await names({ subject: 'eve', client: 'other' })).toEqual(['eve other'])
      expect(await names({ client: 'app' })).toEqual(['ana app', 'eve app'])
      const [login] = await collect(logins.list({ subject: 'ana' }))
      expect(login).toMatchObject({ grant: 'authorization_code', scope: SCOPE, createdAt: harness.clock.now })
      expect(await names({ family: login!.family })).toEqual(['ana app'])
      expect(await names({ family: login!.family, subject: 'eve' })).toEqual([])
      expect(JSON.stringify(login)).not.toContain(ana.body['refresh_token'])
      await logins.end({ client: 'app' })
      expect(await names({})).toEqual(['eve other'])
    })

    test('suspends a person: nothing works until resumed, and then all does that nobody ended', async () => {
      const ana = await hold(harness, 'ana')
      expect(await people.suspend('ana', { reason: 'incident 7' })).toMatchObject({
        subject: 'ana',
        suspended: { reason: 'incident 7' },
      })
      expect(await working(harness, ana)).toEqual([])
      const browser = new Browser(harness.issuer)
      const refused = await browser.submit(await browser.open(`${harness.url}/applications`), { subject: 'ana' })
      expect([refused.status, refused.text.includes('has been suspended')]).toEqual([403, true])
      expect([...browser.cookies.keys()]).toEqual([])
      expect(harness.audit.events.at(-1)).toMatchObject({
        event: 'login_refused',
        subject: 'ana',
        detail: expect.stringContaining('suspended'),
      })
      expect(harness.audit.events.findLast(({ event }) => event === 'token_refused')).toMatchObject({
        detail: expect.stringMatching(/suspended.*ana/),
      })
      expect(await collect(people.list({ suspended: true }))).toMatchObject([
        { subject: 'ana', suspended: { at: harness.clock.now } },
      ])
      await people.resume('ana')
      expect(await collect(people.list({ suspended: true }))).toEqual([])
      expect(await collect(people.list())).toMatchObject([{ subject: 'ana' }])
      // Forms are good as long as their page is.
      expect(await working(harness, ana)).toEqual(EVERYTHING)
      expect([...told('person_suspended'), ...told('person_resumed')]).toMatchObject([
        { subject: 'ana', detail: 'incident 7' },
        { subject: 'ana' },
      ])
      await expect(people.resume('ana')).rejects.toThrow('is not suspended')
    })

    test('a token of a suspended person can be revoked all the same, and stays so when resumed', async () => {
      const { body } = await loginByCode(harness, { scope: SCOPE })
      await people.suspend('ana')
      await harness.post('/revoke', { token: body['access_token'] as string }, basic('app', SECRET))
      await people.resume('ana')
      expect(await active(harness, body['access_token'])).toBe(false)
      expect(await active(harness, body['refresh_token'])).toBe(true)
    })

    test('suspends somebody who was never seen, and no client', async () => {
      await people.suspend('mallory')
      await expect(loginByCode(harness, {}, { subject: 'mallory' })).rejects.toThrow('has been suspended')
      await expect(people.suspend('robot')).rejects.toThrow('the subject of a client')
      await expect(people.suspend(' x')).rejects.toThrow('no subject')
    })

    test('removing a client ends what it held, and one of the same id that comes later inherits nothing', async () => {
      const { clientId, clientSecret: _, ...properties } = { ...CLIENTS[1]!, clientId: 'portal' }
      const add = async (): Promise<string> => (await clients.add(clientId, properties)).secret!
      const redeemAs = (secret: string, form: Record<string, string>) => harness.token(form, basic(clientId, secret))
      const old = await add()
      const begun = (await harness.post('/device_authorization', { scope: SCOPE }, basic(clientId, old))).body
      const browser = new Browser(harness.issuer)
      await browser.submit(await browser.open(`${harness.url}/applications`), { subject: 'ana' })
      const typed = async (code: unknown) =>
        browser.submit(await browser.open(`${harness.url}/device`), { user_code: code as string })
      await browser.submit(await typed(begun['user_code']), { answer: 'allow' })
      const waiting = (await harness.post('/device_authorization', { scope: SCOPE }, basic(clientId, old))).body
      const connect = await typed(waiting['user_code'])
      const [{ code, verifier }, second] = [
        await getCode(harness, { scope: SCOPE }, { client: clientId }),
        await getCode(harness, { scope: SCOPE }, { client: clientId }),
      ]
      const codeForm = (of: string, proof: string) => ({
        grant_type: 'authorization_code',
        code: of,
        code_verifier: proof,
        redirect_uri: APP.redirectUris![0]!,
      })
      const login = await redeemAs(old, codeForm(code, verifier))
      expect(login.status).toBe(200)
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        code_challenge: 'c'.repeat(43),
        code_challenge_method: 'S256',
      })
      const consent = await browser.open(`${harness.url}/authorize?${query}`)
      await clients.remove(clientId)
      expect(await active(harness, login.body['access_token'])).toBe(false)
      const applications = await browser.open(`${harness.url}/applications`)
      expect(applications.text).toContain('No application can act for you')

      const secret = await add()
      const held: Record<string, Record<string, string>> = {
        'refresh token': { grant_type: 'refresh_token', refresh_token: login.body['refresh_token'] as string },
        code: codeForm(second.code, second.verifier),
        'device login': { grant_type: DEVICE, device_code: begun['device_code'] as string },
      }
      for (const [what, form] of Object.entries(held)) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect((await redeemAs(secret, form)).body['error'], what).toBe('invalid_grant')
      }
      // What was shown before is nobody's any more.
      expect((await browser.submit(consent, { answer: 'allow' })).leftTo).toBeUndefined()
      expect((await browser.submit(connect, { answer: 'allow' })).status).toBe(400)
      expect(await active(harness, login.body['refresh_token'])).toBe(false)
      expect(told('client_removed')).toMatchObject([{ client: clientId }])
      expect(told('token_revoked')).toMatchObject([{ client: clientId, detail: 'its client was removed' }])
    })

    test('whatever is made at the moment of the end ends with it: codes, refreshes and exchanges in flight', async () => {
      const codes = await Promise.all(Array.from({ length: 4 }, () => getCode(harness, { scope: SCOPE })))
      const login = await loginByCode(harness, { scope: SCOPE })
      const begun: Promise<Reply>[] = []
      const ended = (async () => {
        for (let step = 0; step < 3; step++) await setImmediate()
        await logins.end({ subject: 'ana' })
      })()
      for (const code of codes) {
        begun.push(
          redeem(harness, code),
          refresh(harness, login),
          exchange(harness, login.body['access_token'], 'other', { scope: SCOPE }),
        )
        // oxlint-disable-next-line no-await-in-loop -- spread over the moment
        await setImmediate()
      }
      const [replies] = await Promise.all([Promise.all(begun), ended])
      // Each came before or after; nothing of any goes on.
      for (const reply of replies) {
        if (reply.body['refresh_token'] === undefined) continue
        for (const client of ['app', 'other']) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          expect((await refresh(harness, reply, client)).status).toBe(400)
        }
      }
      expect(await collect(logins.list({ subject: 'ana' }))).toEqual([])
    })
  })
}
