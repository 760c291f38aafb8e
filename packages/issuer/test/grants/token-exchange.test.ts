import { describe, expect, test } from 'vitest'
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
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token'

const FTS = {
  clientId: 'fts',
  clientSecret: SECRET,
  grants: [EXCHANGE, 'refresh_token'] as const,
  scopes: ['read:/', 'write:/'],
  audiences: ['https://se.example.org', 'https://ce.example.org', 'https://fts.example.org'],
}

function exchange(
  harness: Harness,
  token: unknown,
  form: Record<string, string> | [string, string][] = {},
  id = 'fts',
): Promise<Reply> {
  const all: [string, string][] = [
    ['grant_type', EXCHANGE],
    ['subject_token', token as string],
    ['subject_token_type', ACCESS_TOKEN],
    ...(Array.isArray(form) ? form : Object.entries(form)),
  ]
  return harness.token(all, basic(id, SECRET))
}

async function start(fts: object = { exchange: { from: ['app'] } }): Promise<{ harness: Harness; subject: string }> {
  const harness = await startIssuerForPeople({ clients: [ROBOT, APP, { ...FTS, ...fts }] })
  const login = await loginByCode(harness, { scope: 'openid read:/store/a write:/store/user/ana' })
  return { harness, subject: login.body['access_token'] as string }
}

describe('token exchange', () => {
  test('gives a token that can do the same at most, says who acts, and ends no later', async () => {
    const { harness, subject } = await start()
    const original = await harness.claims(subject)
    harness.clock.advance(1000)
    const reply = await exchange(harness, subject)
    expect(reply.body).toMatchObject({ issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 2600 })
    expect(reply.body).not.toHaveProperty('refresh_token')
    expect(reply.body).not.toHaveProperty('id_token')
    expect(await harness.claims(reply.body['access_token'] as string)).toMatchObject({
      sub: 'ana',
      client_id: 'fts',
      act: { sub: 'fts' },
      aud: original['aud'],
      exp: original['exp'],
    })
    expect(harness.audit.events.at(-1)).toMatchObject({ parent: original['jti'], client: 'fts' })
  })

  test.each([
    ['read:/', 'read:/store/a'],
    ['read:/store/a/b', 'read:/store/a/b'],
    ['write:/store/user write:/store/user/ana/x', 'write:/store/user/ana'],
  ])('asked for %s, gives %s', async (scope, granted) => {
    const { harness, subject } = await start()
    expect((await exchange(harness, subject, { scope })).body['scope']).toBe(granted)
  })

  test('never gives what the subject token lacks, though the client itself may have it', async () => {
    const { harness, subject } = await start()
    expect((await exchange(harness, subject, { scope: 'read:/other' })).body['error']).toBe('invalid_scope')
    expect((await exchange(harness, subject, { scope: 'write:/store/a' })).body['error']).toBe('invalid_scope')
  })

  test('never gives what the client may not have, though the subject token has it', async () => {
    const { harness, subject } = await start({ exchange: { from: ['app'] }, scopes: ['read:/'] })
    expect((await exchange(harness, subject)).body['scope']).toBe('openid read:/store/a')
    expect((await exchange(harness, subject, { scope: 'write:/' })).body['error']).toBe('invalid_scope')
  })

  test('stays within the audience, unless the policy of the client says otherwise', async () => {
    const { harness, subject } = await start()
    const other = { audience: 'https://fts.example.org' }
    expect((await exchange(harness, subject, other)).body['error']).toBe('invalid_target')
    const wide = await start({ exchange: { from: ['app'], widenAudience: true } })
    const reply = await exchange(wide.harness, wide.subject, other)
    expect((await wide.harness.claims(reply.body['access_token'] as string))['aud']).toBe('https://fts.example.org')
    expect((await exchange(wide.harness, wide.subject, { audience: 'https://evil.example' })).body['error']).toBe(
      'invalid_target',
    )
  })

  test('gives no audience that the client itself may not have', async () => {
    const { harness, subject } = await start({ exchange: { from: ['app'] }, audiences: ['https://fts.example.org'] })
    expect((await exchange(harness, subject)).body['error']).toBe('invalid_target')
  })

  test('gives a refresh token only where policy and request both say so; its grant is what was exchanged', async () => {
    const { harness, subject } = await start()
    expect((await exchange(harness, subject, { scope: 'offline_access read:/' })).body).not.toHaveProperty(
      'refresh_token',
    )
    const open = await start({ exchange: { from: ['app'], refresh: true } })
    // Nobody asked: neither by leaving the scope out, nor by another one.
    expect((await exchange(open.harness, open.subject)).body).not.toHaveProperty('refresh_token')
    expect((await exchange(open.harness, open.subject, { scope: 'read:/' })).body).not.toHaveProperty('refresh_token')
    const reply = await exchange(open.harness, open.subject, { scope: 'offline_access read:/store/a/b' })
    open.harness.clock.advance(50_000)
    const form = {
      grant_type: 'refresh_token',
      refresh_token: reply.body['refresh_token'] as string,
      scope: 'read:/ write:/',
    }
    const refreshed = await open.harness.token(form, basic('fts', SECRET))
    expect(refreshed.body['scope']).toBe('read:/store/a/b')
  })

  test('gives a refresh token by its type too, beside the access token and for all of the grant', async () => {
    const byType = { requested_token_type: REFRESH_TOKEN }
    const open = await start({ exchange: { from: ['app'], refresh: true } })
    const reply = await exchange(open.harness, open.subject, byType)
    expect(reply.body).toMatchObject({ issued_token_type: ACCESS_TOKEN, refresh_token: expect.stringMatching(/^rt\./) })
    const scope = 'openid offline_access read:/store/a write:/store/user/ana'
    expect(reply.body['scope']).toBe(scope)
    const form = { grant_type: 'refresh_token', refresh_token: reply.body['refresh_token'] as string }
    expect((await open.harness.token(form, basic('fts', SECRET))).body['scope']).toBe(scope)
    const narrowed = await exchange(open.harness, open.subject, { ...byType, scope: 'read:/store/a/b' })
    expect(narrowed.body).toMatchObject({ scope: 'read:/store/a/b', refresh_token: expect.any(String) })
    const closed = await start()
    expect(await exchange(closed.harness, closed.subject, byType)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    })
    const unable = await start({ exchange: { from: ['app'], refresh: true }, grants: [EXCHANGE] })
    expect((await exchange(unable.harness, unable.subject, byType)).body['error']).toBe('invalid_request')
  })

  test.each([{}, { scope: 'offline_access read:/' }, { requested_token_type: REFRESH_TOKEN }, { expires_in: '3600' }])(
    'never lengthens, whatever else it gives: %j',
    async (form) => {
      const { harness, subject } = await start({ exchange: { from: ['app'], refresh: true } })
      const { exp } = await harness.claims(subject)
      harness.clock.advance(3595)
      let token: unknown = subject
      for (let round = 0; round < 3; round++) {
        // oxlint-disable no-await-in-loop -- each exchanges what the one before gave
        const reply = await exchange(harness, token, form)
        expect(reply.body).toMatchObject({ expires_in: 5 - round })
        expect((await harness.claims(reply.body['access_token'] as string))['exp']).toBe(exp)
        // oxlint-enable no-await-in-loop
        token = reply.body['access_token']
        harness.clock.advance(1)
      }
      harness.clock.advance(2)
      expect((await exchange(harness, token, form)).body['error']).toBe('invalid_request')
    },
  )

  test('of an own token gives no refresh token where logins of the client end at a set age: they would never end', async () => {
    const own = { exchange: { from: ['app'], refresh: true }, refresh: { maxSeconds: 86_400 } }
    const { harness, subject } = await start(own)
    const wanted = { scope: 'offline_access read:/' }
    const first = await exchange(harness, subject, wanted)
    expect(first.body).toHaveProperty('refresh_token')
    const again = await exchange(harness, first.body['access_token'], wanted)
    expect(again.status).toBe(200)
    expect(again.body).not.toHaveProperty('refresh_token')
    const byType = { requested_token_type: REFRESH_TOKEN }
    expect((await exchange(harness, first.body['access_token'], byType)).body['error']).toBe('invalid_request')
  })

  test('is open to tokens of the clients that the policy names, and to own ones', async () => {
    const { harness, subject } = await start({})
    expect((await exchange(harness, subject)).body['error']).toBe('invalid_request')
    const own = await exchange(harness, subject, {}, 'app')
    expect(own.status).toBe(200)
    expect(await harness.claims(own.body['access_token'] as string)).not.toHaveProperty('act')
  })

  test('keeps those who acted before', async () => {
    const harness = await startIssuerForPeople({
      clients: [
        APP,
        { ...FTS, exchange: { from: ['app'] } },
        { ...FTS, clientId: 'second', exchange: { from: ['fts'] } },
      ],
    })
    const login = await loginByCode(harness)
    const first = await exchange(harness, login.body['access_token'])
    const second = await exchange(harness, first.body['access_token'], {}, 'second')
    expect(await harness.claims(second.body['access_token'] as string)).toMatchObject({
      act: { sub: 'second', act: { sub: 'fts' } },
    })
  })

  test('refuses tokens that are expired, revoked, changed, of another kind, or not ours', async () => {
    const { harness, subject } = await start()
    const login = await loginByCode(harness, { scope: 'openid read:/store' })
    const refused = { status: 400, body: { error: 'invalid_request' } }
    expect(await exchange(harness, login.body['id_token'])).toMatchObject(refused)
    expect(await exchange(harness, login.body['refresh_token'])).toMatchObject(refused)
    expect(await exchange(harness, `${subject.slice(0, -4)}AAAA`)).toMatchObject(refused)
    expect(
      await exchange(harness, subject, { requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    ).toMatchObject(refused)
    await harness.post('/revoke', { token: subject }, basic('app', SECRET))
    expect(await exchange(harness, subject)).toMatchObject(refused)
    const late = await start()
    late.harness.clock.advance(3600)
    expect(await exchange(late.harness, late.subject)).toMatchObject(refused)
  })

  test('takes the shape in which OpenBao sends it: repeated audience and resource, and an empty code', async () => {
    const { harness, subject } = await start()
    const reply = await exchange(harness, subject, [
      ['audience', 'https://se.example.org'],
      ['resource', 'https://se.example.org'],
      ['requested_token_type', ACCESS_TOKEN],
      ['scope', 'read:/store/a'],
      ['code', ''],
    ])
    expect(reply.status).toBe(200)
  })
})
