import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import {
  APP,
  basic,
  type Harness,
  loginByCode,
  type Reply,
  ROBOT,
  SECRET,
  startIssuerForPeople,
} from '../support/harness.ts'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

const OTHER = { ...APP, clientId: 'other' }
const PUBLIC = { clientId: 'desktop', redirectUris: ['http://127.0.0.1/cb'], scopes: ['read:/store'] }

async function start(): Promise<{ harness: Harness; access: string; refresh: string }> {
  const harness = await startIssuerForPeople({ clients: [ROBOT, APP, OTHER, PUBLIC] })
  const { body } = await loginByCode(harness, { scope: 'openid read:/store', resource: 'https://se.example.org' })
  return { harness, access: body['access_token'] as string, refresh: body['refresh_token'] as string }
}

function introspect(harness: Harness, form: Record<string, string>, client = 'app'): Promise<Reply> {
  return harness.post('/introspect', form, basic(client, SECRET))
}

const INACTIVE = { status: 200, body: { active: false } }

describe('introspection', () => {
  test('tells what an access token says, to every client with credentials: servers ask about tokens of others', async () => {
    const { harness, access } = await start()
    for (const client of ['app', 'other', 'robot']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await introspect(harness, { token: access }, client)).body).toMatchObject({
        active: true,
        token_type: 'Bearer',
        iss: harness.url,
        sub: 'ana',
        client_id: 'app',
        scope: 'openid read:/store',
        aud: 'https://se.example.org',
        exp: harness.clock.now + 3600,
        jti: expect.any(String),
      })
    }
  })

  test('tells about a refresh token to its own client only, and of a used one that it is not good', async () => {
    const { harness, refresh } = await start()
    expect((await introspect(harness, { token: refresh })).body).toMatchObject({
      active: true,
      token_type: 'refresh_token',
      sub: 'ana',
      client_id: 'app',
      scope: 'openid read:/store',
      aud: ['https://se.example.org'],
      exp: harness.clock.now + 30 * 86_400,
    })
    expect(await introspect(harness, { token: refresh }, 'other')).toMatchObject(INACTIVE)
    await harness.token({ grant_type: 'refresh_token', refresh_token: refresh }, basic('app', SECRET))
    expect(await introspect(harness, { token: refresh })).toMatchObject(INACTIVE)
  })

  test('says nothing but "not active" of a token that is expired, revoked, changed, or none', async () => {
    const { harness, access } = await start()
    const [head, body, signature] = access.split('.') as [string, string, string]
    const changed = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    for (const token of [changed, `${head}.${body}.`, 'x', 'rt.x', `${access} `]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await introspect(harness, { token })).toMatchObject(INACTIVE)
    }
    await harness.post('/revoke', { token: access }, basic('app', SECRET))
    expect(await introspect(harness, { token: access })).toMatchObject(INACTIVE)
    const other = await loginByCode(harness, { scope: 'read:/store' })
    harness.clock.advance(3601)
    expect(await introspect(harness, { token: other.body['access_token'] as string })).toMatchObject(INACTIVE)
  })

  test('is not for those who cannot say who they are', async () => {
    const { harness, access } = await start()
    const reply = await harness.post('/introspect', { token: access, client_id: 'desktop' }, {})
    expect([reply.status, reply.body['error']]).toEqual([401, 'invalid_client'])
  })

  test('does not mind the hint, be it right, wrong or unheard of', async () => {
    const { harness, access } = await start()
    for (const token_type_hint of ['access_token', 'refresh_token', 'pair_of_shoes']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await introspect(harness, { token: access, token_type_hint })).body['active']).toBe(true)
    }
  })
})

describe('revocation', () => {
  test('of an access token holds until it would have ended, and leaves the login as it was', async () => {
    const { harness, access, refresh } = await start()
    expect((await harness.post('/revoke', { token: access }, basic('app', SECRET))).status).toBe(200)
    const key = { realm: harness.url, kind: 'revoked', id: jtiOf(access) } as const
    const entry = await harness.issuer.realms[0]!.store.get(key)
    expect(entry?.expiresAt).toBe(harness.clock.now + 3600)
    expect(harness.audit.events.at(-1)).toMatchObject({ event: 'token_revoked', jti: key.id, subject: 'ana' })
    const again = await harness.token({ grant_type: 'refresh_token', refresh_token: refresh }, basic('app', SECRET))
    expect(again.status).toBe(200)
  })

  test('by another client is refused, and nothing is revoked', async () => {
    const { harness, access } = await start()
    const reply = await harness.post('/revoke', { token: access }, basic('other', SECRET))
    expect(reply.body['error']).toBe('unauthorized_client')
    expect((await introspect(harness, { token: access })).body['active']).toBe(true)
  })

  test('of what is no token of ours is a success, too', async () => {
    const { harness } = await start()
    for (const token of ['x', 'a.b.c', `rt.${'x'.repeat(22)}.1.${'y'.repeat(43)}`]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await harness.post('/revoke', { token }, basic('app', SECRET))).status).toBe(200)
    }
  })

  test('is open to public clients, for their own tokens', async () => {
    const { harness, access } = await start()
    const post = (token: string): Promise<Reply> => harness.post('/revoke', { token, client_id: 'desktop' }, {})
    expect((await post('unknown')).status).toBe(200)
    expect((await post(access)).body['error']).toBe('unauthorized_client')
  })
})

describe('what came of a login', () => {
  /** Four tokens of one login: the first, two refreshed ones, and an exchanged one. And one of another login. */
  async function tokensOf(): Promise<{ harness: Harness; refresh: string; tokens: string[]; other: string }> {
    const { harness, access, refresh } = await start()
    const exchanged = await exchange(harness, access)
    const again = async (refresh_token: string): Promise<Reply> =>
      harness.token({ grant_type: 'refresh_token', refresh_token }, basic('app', SECRET))
    const second = await again(refresh)
    const third = await again(second.body['refresh_token'] as string)
    const other = await loginByCode(harness, { scope: 'openid read:/store' })
    return {
      harness,
      refresh: third.body['refresh_token'] as string,
      tokens: [access, ...[exchanged, second, third].map(({ body }) => body['access_token'] as string)],
      other: other.body['access_token'] as string,
    }
  }

  function exchange(harness: Harness, subject_token: string): Promise<Reply> {
    const form = { grant_type: EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN, scope: 'read:/store/x' }
    return harness.token(form, basic('app', SECRET))
  }

  test.each<[string, (harness: Harness, refresh: string) => Promise<unknown>]>([
    [
      'its person takes it back',
      async ({ issuer, url, audit }) => {
        const browser = new Browser(issuer)
        const page = await browser.submit(await browser.open(`${url}/applications`), { subject: 'ana' })
        await browser.submit(page, { family: audit.events.find(({ event }) => event === 'token_issued')!.family! })
      },
    ],
    ['its client revokes it', (harness, refresh) => harness.post('/revoke', { token: refresh }, basic('app', SECRET))],
    [
      'somebody uses an old refresh token',
      async (harness, refresh) => {
        await harness.token({ grant_type: 'refresh_token', refresh_token: refresh }, basic('app', SECRET))
        harness.clock.advance(301)
        await harness.token({ grant_type: 'refresh_token', refresh_token: refresh }, basic('app', SECRET))
      },
    ],
  ])('is good for nothing here any more when %s; other logins go on', async (_, end) => {
    const { harness, refresh, tokens, other } = await tokensOf()
    const active = async (token: string): Promise<unknown> => (await introspect(harness, { token })).body['active']
    expect(await Promise.all(tokens.map(active))).toEqual([true, true, true, true])
    await end(harness, refresh)
    expect(await Promise.all(tokens.map(active))).toEqual([false, false, false, false])
    expect((await exchange(harness, tokens[0]!)).body['error']).toBe('invalid_request')
    expect(await active(other)).toBe(true)
    expect((await exchange(harness, other)).status).toBe(200)
    // The note about it ends with the last token that it can concern.
    const { store } = harness.issuer.realms[0]!
    const [note] = await store.list(harness.url, 'revoked')
    expect(note!.expiresAt).toBe(harness.clock.now + 21_600)
  })

  test('is known by a mark in its jti that tells nothing of the refresh token', async () => {
    const { harness, tokens, other } = await tokensOf()
    const marks = [...tokens, other].map((token) => jtiOf(token).split('.')[0]!)
    expect(new Set(marks.slice(0, 4)).size).toBe(1)
    expect(marks[4]).not.toBe(marks[0])
    expect(harness.audit.events.map(({ family }) => family)).not.toContain(marks[0])
    expect(new Set(tokens.map(jtiOf)).size).toBe(4)
  })
})

describe('userinfo', () => {
  async function ask(
    harness: Harness,
    authorization?: string,
  ): Promise<{ status: number; body: string; asked: unknown }> {
    const headers = authorization === undefined ? {} : { authorization }
    const reply = await harness.issuer.buildServer().inject({ url: '/vo/userinfo', headers })
    return { status: reply.statusCode, body: reply.body, asked: reply.headers['www-authenticate'] }
  }

  test('tells the subject, by Bearer in any case', async () => {
    const { harness, access } = await start()
    expect(JSON.parse((await ask(harness, `bEARER  ${access}`)).body)).toEqual({ sub: 'ana' })
  })

  test('without credentials asks for them and names no error', async () => {
    const { harness } = await start()
    expect(await ask(harness)).toEqual({ status: 401, body: '', asked: 'Bearer' })
  })

  test('refuses tokens that are not good, and those without openid', async () => {
    const { harness, access } = await start()
    for (const authorization of ['Bearer x', `Bearer ${access}x`, `Basic ${access}`, 'Bearer']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, asked } = await ask(harness, authorization)
      expect([status, asked]).toEqual([401, expect.stringContaining('error="invalid_token"')])
    }
    const robot = await harness.token({ grant_type: 'client_credentials' })
    const { status, asked } = await ask(harness, `Bearer ${robot.body['access_token'] as string}`)
    expect([status, asked]).toEqual([403, expect.stringContaining('error="insufficient_scope"')])
  })
})

function jtiOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string }).jti
}
