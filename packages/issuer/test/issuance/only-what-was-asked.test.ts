import { randomUUID } from 'node:crypto'
import { SigningKey, signToken, StaticKeys } from '@scitokens/core'
import { Enforcer } from '@scitokens/enforcer'
import type { ClientOptions } from '@scitokens/issuer'
import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import {
  APP,
  authorizeUrl,
  basic,
  type Harness,
  loginByCode,
  type Reply,
  ROBOT,
  SECRET,
  startIssuer,
  startIssuerForPeople,
} from '../support/harness.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const SE = 'https://se.example.org'
const GROUPS = '/cms /cms/prod'
const EVERYTHING = 'openid offline_access wlcg.groups storage.read:/'

const CLIENT: ClientOptions = { ...APP, scopes: ['storage.read:/', 'write:/store/user/{sub}'], profile: 'wlcg:1.x' }

/** Asks for a scope by a login in a browser. Refusals of any page are told like those of the token endpoint. */
type Login = (harness: Harness, scope: string | undefined, more?: Record<string, string>) => Promise<Reply>

const byCode: Login = (harness, scope, more = {}) =>
  loginByCode(harness, { ...(scope === undefined ? {} : { scope }), ...more }, { groups: GROUPS })

const byDevice: Login = async (harness, scope, more = {}) => {
  const own = basic('app', SECRET)
  const form = { ...(scope === undefined ? {} : { scope }), ...more }
  const begun = await harness.post('/device_authorization', form, own)
  if (begun.status !== 200) throw new Error(`refused: ${begun.body['error'] as string}`)
  const browser = new Browser(harness.issuer)
  const page = await browser.submit(await browser.open(`${harness.url}/device`), { subject: 'ana', groups: GROUPS })
  const consent = await browser.submit(page, { user_code: begun.body['user_code'] as string })
  await browser.submit(consent, { answer: 'allow' })
  harness.clock.advance(5)
  return harness.token({ grant_type: DEVICE, device_code: begun.body['device_code'] as string }, own)
}

const refresh = (harness: Harness, { body }: Reply, more: Record<string, string> = {}): Promise<Reply> =>
  harness.token(
    { grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string, ...more },
    basic('app', SECRET),
  )

const exchange = (harness: Harness, { body }: Reply, more: Record<string, string> = {}): Promise<Reply> =>
  harness.token(
    {
      grant_type: EXCHANGE,
      subject_token: body['access_token'] as string,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...more,
    },
    basic('app', SECRET),
  )

/** What the access token of an answer says. */
async function said(harness: Harness, { body }: Reply): Promise<Record<string, unknown>> {
  const { scope, aud, 'wlcg.groups': groups } = await harness.claims(body['access_token'] as string)
  return { scope, aud, groups }
}

const userinfo = async (harness: Harness, { body }: Reply): Promise<number> => {
  const headers = { authorization: `Bearer ${body['access_token'] as string}` }
  return (await harness.issuer.buildServer().inject({ url: '/vo/userinfo', headers })).statusCode
}

const start = (client: Partial<ClientOptions> = {}): Promise<Harness> =>
  startIssuerForPeople({ clients: [ROBOT, { ...CLIENT, ...client }] })

describe.each([
  ['by code', byCode],
  ['by device', byDevice],
] as const)('a login %s', (_how, login) => {
  test.each(['openid', 'openid profile email', 'openid offline_access'])(
    'for %s gives an identity and no right at all, for the issuer itself',
    async (scope) => {
      const harness = await start()
      const reply = await login(harness, scope)
      const kept = scope.replace(' offline_access', '')
      const identity = { scope: kept, aud: harness.url, groups: undefined }
      expect(await said(harness, reply)).toEqual(identity)
      expect(reply.body).toMatchObject({ scope, id_token: expect.any(String) })
      expect(await userinfo(harness, reply)).toBe(200)
      const refreshed = await refresh(harness, reply)
      expect(await said(harness, refreshed)).toEqual(identity)
      expect(await said(harness, await exchange(harness, reply))).toEqual(identity)
      expect(await said(harness, await exchange(harness, refreshed, { scope: 'openid' }))).toEqual({
        ...identity,
        scope: 'openid',
      })
      for (const more of ['storage.read:/', 'openid storage.read:/', 'wlcg.groups']) {
        // oxlint-disable no-await-in-loop -- one at a time is easier to read when it fails
        expect((await refresh(harness, reply, { scope: more })).status, more).toBe(400)
        expect((await exchange(harness, reply, { scope: more })).status, more).toBe(400)
        // oxlint-enable no-await-in-loop
      }
    },
  )

  test('for an identity alone gives it to the server that was named, and to no other that follows', async () => {
    const harness = await start()
    const reply = await login(harness, 'openid', { audience: SE })
    expect(await said(harness, reply)).toMatchObject({ scope: 'openid', aud: SE })
    expect(await userinfo(harness, reply)).toBe(200)
    expect(await said(harness, await refresh(harness, reply))).toMatchObject({ aud: SE })
    expect((await refresh(harness, reply, { audience: 'https://ce.example.org' })).body['error']).toBe('invalid_target')
    expect((await exchange(harness, reply, { audience: 'https://ce.example.org' })).body['error']).toBe(
      'invalid_target',
    )
    await expect(login(harness, 'openid', { audience: 'https://evil.example' })).rejects.toThrow()
  })

  test('for an identity alone may name the issuer, or a server when the token is fetched', async () => {
    const harness = await start()
    const named = await login(harness, 'openid', { audience: harness.url })
    expect(await said(harness, named)).toMatchObject({ scope: 'openid', aud: harness.url })
    const reply = await login(harness, 'openid')
    expect(await said(harness, await refresh(harness, reply, { audience: SE }))).toMatchObject({ aud: SE })
    expect((await refresh(harness, reply, { audience: 'https://evil.example' })).body['error']).toBe('invalid_target')
  })

  test('for an identity alone needs no audience in the client', async () => {
    const harness = await start({ audiences: [], defaultAudience: [] })
    expect(await said(harness, await login(harness, 'openid'))).toMatchObject({ aud: harness.url })
  })

  test.each(['offline_access', 'profile', 'email', 'profile email offline_access'])(
    'for %s alone is refused: it adds to something else',
    async (scope) => {
      const harness = await start()
      await expect(login(harness, scope)).rejects.toThrow('invalid_scope')
      const reply = await login(harness, EVERYTHING)
      expect((await refresh(harness, reply, { scope })).body['error']).toBe('invalid_scope')
      expect((await exchange(harness, reply, { scope })).body['error']).toBe('invalid_scope')
    },
  )

  test.each([
    ['wlcg.groups', ['/cms', '/cms/prod']],
    ['wlcg.groups:/cms/prod', ['/cms/prod', '/cms']],
    ['wlcg.groups offline_access', ['/cms', '/cms/prod']],
  ])('for %s alone gives the groups, and a scope that says so', async (scope, groups) => {
    const harness = await start()
    const reply = await login(harness, scope)
    const told = { scope: 'wlcg.groups', aud: SE, groups }
    expect(await said(harness, reply)).toEqual(told)
    expect(await said(harness, await refresh(harness, reply))).toEqual(told)
    expect(await said(harness, await exchange(harness, reply))).toEqual(told)
    expect((await refresh(harness, reply, { scope: 'storage.read:/' })).body['error']).toBe('invalid_scope')
  })

  test('for groups and capabilities gives both, redeemed, refreshed and exchanged without a scope (WLCG profile 2.2.3)', async () => {
    const harness = await start()
    const reply = await login(harness, EVERYTHING)
    const both = { scope: 'openid storage.read:/', aud: SE, groups: ['/cms', '/cms/prod'] }
    expect(await said(harness, reply)).toEqual(both)
    expect(reply.body['scope']).toBe('openid offline_access storage.read:/ wlcg.groups:/cms wlcg.groups:/cms/prod')
    const once = await refresh(harness, reply)
    expect(await said(harness, once)).toEqual(both)
    expect(await said(harness, await refresh(harness, once))).toEqual(both)
    expect(await said(harness, await exchange(harness, once))).toEqual(both)
  })

  test.each([
    ['openid', { scope: 'openid', groups: undefined }],
    ['openid offline_access', { scope: 'openid', groups: undefined }],
    ['wlcg.groups', { scope: 'wlcg.groups', groups: ['/cms', '/cms/prod'] }],
    ['openid wlcg.groups', { scope: 'openid', groups: ['/cms', '/cms/prod'] }],
    ['storage.read:/a', { scope: 'storage.read:/a', groups: undefined }],
    ['wlcg', { scope: 'openid storage.read:/', groups: ['/cms', '/cms/prod'] }],
  ])('for everything can be refreshed and exchanged for %s, which gives that and no more', async (scope, expected) => {
    const harness = await start()
    const reply = await login(harness, EVERYTHING)
    expect(await said(harness, await refresh(harness, reply, { scope }))).toMatchObject(expected)
    expect(await said(harness, await exchange(harness, reply, { scope }))).toMatchObject(expected)
    // The login is what it was.
    expect(await said(harness, await refresh(harness, reply))).toMatchObject({ scope: 'openid storage.read:/' })
  })

  test('without a scope gives the default of the client, or all that it may have, and no identity', async () => {
    const all = await start()
    const everything = { scope: 'storage.read:/ write:/store/user/ana', groups: undefined }
    const reply = await login(all, undefined)
    expect(await said(all, reply)).toMatchObject(everything)
    expect(await said(all, await refresh(all, reply))).toMatchObject(everything)
    const some = await start({ defaultScopes: ['storage.read:/public'] })
    expect(await said(some, await login(some, undefined))).toMatchObject({ scope: 'storage.read:/public' })
  })

  test('whose rights were all taken back by the operator is refused, and does not fall back on an identity', async () => {
    const harness = await start()
    const reply = await login(harness, 'openid storage.read:/')
    const less = { ...CLIENT, scopes: ['compute.read'] }
    await harness.issuer.reconfigure({ issuer: harness.url, clients: [ROBOT, less], storage: { memory: true } })
    expect((await refresh(harness, reply)).body['error']).toBe('invalid_scope')
    expect(await said(harness, await refresh(harness, reply, { scope: 'openid' }))).toMatchObject({ scope: 'openid' })
  })
})

test('a refresh for an identity alone is for the issuer where the login named no server, and for the server that it named', async () => {
  // One audience only: logins are bound to it, though nobody asked for it.
  const harness = await start({ audiences: [SE] })
  const scope = 'openid storage.read:/'
  const unnamed = await byCode(harness, scope)
  expect(await said(harness, unnamed)).toMatchObject({ aud: SE })
  expect(await said(harness, await refresh(harness, unnamed, { scope: 'openid' }))).toMatchObject({ aud: harness.url })
  expect(await said(harness, await refresh(harness, unnamed))).toMatchObject({ aud: SE })
  const named = await byCode(harness, scope, { resource: SE })
  expect(await said(harness, await refresh(harness, named, { scope: 'openid' }))).toMatchObject({ aud: SE })
})

test('a storage takes no token of an identity alone: neither the audience nor the scope is for it', async () => {
  const harness = await start()
  const jwks: unknown = (await harness.issuer.buildServer().inject('/vo/jwks')).json()
  const storage = (audience: string): Enforcer =>
    new Enforcer({
      issuers: harness.url,
      keys: new StaticKeys({ [harness.url]: jwks }),
      audience,
      clock: harness.clock.read,
      dangerouslyAllowLoopbackHttp: true,
    })
  const token = (await byCode(harness, 'openid')).body['access_token'] as string
  const question = { authz: 'storage.read', path: '/' }
  expect(await storage(SE).decide(token, question)).toMatchObject({ allowed: false, code: 'aud_mismatch' })
  const named = (await byCode(harness, 'openid', { audience: SE })).body['access_token'] as string
  expect(await storage(SE).decide(named, question)).toMatchObject({ allowed: false, code: 'scope_denied' })
})

describe('what a person is asked', () => {
  const ask = async (harness: Harness, query: Record<string, string>): Promise<string> => {
    const browser = new Browser(harness.issuer)
    const login = await browser.open(authorizeUrl(harness, 'x'.repeat(43), query))
    return (await browser.submit(login, { subject: 'ana', groups: GROUPS })).text
  }

  test('is an identity where nothing else was asked for, and where it goes', async () => {
    const harness = await start()
    const page = await ask(harness, { scope: 'openid' })
    expect(page).toContain('know who you are')
    expect(page).not.toContain('files')
    expect(page).toContain(`do so here, at this issuer, or at <code>${SE}</code>, <code>https://ce.example.org</code>`)
    expect(await ask(harness, { scope: 'openid', audience: SE })).toContain(`do so at <code>${SE}</code>`)
    const nowhere = await start({ audiences: [], defaultAudience: [] })
    expect(await ask(nowhere, { scope: 'openid' })).toContain('do so <strong>here only</strong>, at this issuer')
  })

  test('names no part of a person that would not be told: name and address come with openid alone', async () => {
    const harness = await start()
    const page = await ask(harness, { scope: 'profile email storage.read:/' })
    expect(page).not.toMatch(/see your name|e-mail/)
    expect(await ask(harness, { scope: 'openid profile email' })).toMatch(/see your name[^]*see your e-mail address/)
    expect((await byCode(harness, 'profile email storage.read:/')).body['scope']).toBe('storage.read:/')
  })

  test('is everything that a login for everything will give', async () => {
    const page = await ask(await start(), { scope: EVERYTHING })
    for (const line of [
      /read files <strong>everywhere/,
      /know who you are/,
      /<code>\/cms\/prod<\/code>/,
      /while you/,
    ]) {
      expect(page).toMatch(line)
    }
  })
})

describe('a client that acts for itself', () => {
  test.each(['openid', 'offline_access', 'openid profile email offline_access', 'openid wlcg'])(
    'has no identity to ask for: %s is invalid_scope',
    async (scope) => {
      const harness = await startIssuer()
      expect(await harness.token({ grant_type: 'client_credentials', scope })).toMatchObject({
        status: 400,
        body: { error: 'invalid_scope' },
      })
    },
  )

  test('gets the rights that it asks for beside one, and its default where it asks for nothing', async () => {
    const harness = await startIssuer()
    const ask = (scope: string): Promise<Reply> => harness.token({ grant_type: 'client_credentials', scope })
    expect(await said(harness, await ask('openid offline_access read:/store'))).toMatchObject({ scope: 'read:/store' })
    expect((await ask('')).body['scope']).toBe('read:/store write:/store/user/robot compute.read')
    expect((await ask('wlcg')).body['scope']).toBe('read:/store write:/store/user/robot compute.read wlcg')
  })

  test('gets its groups alone where it asks for them alone', async () => {
    const harness = await startIssuer({ clients: [{ ...ROBOT, groups: ['/cms/robots'] }] })
    const reply = await harness.token({ grant_type: 'client_credentials', scope: 'wlcg.groups' })
    expect(await said(harness, reply)).toEqual({ scope: 'wlcg.groups', aud: SE, groups: ['/cms/robots'] })
  })
})

test('an assertion about a person gives what was asked for as a login does', async () => {
  const key = await SigningKey.generate()
  const idp = { issuer: 'https://idp.example', jwks: { keys: [key.publicJwk] } }
  const harness = await startIssuer({ clients: [{ ...ROBOT, grants: [JWT_BEARER], assertions: [idp] }] })
  const ask = async (scope: string): Promise<Reply> => {
    const claims = { iss: idp.issuer, sub: 'ana', aud: harness.url, jti: randomUUID(), 'wlcg.groups': ['/cms'] }
    const assertion = await signToken({
      signer: key,
      claims,
      lifetime: 60,
      clock: harness.clock.read,
      profile: 'at+jwt',
    })
    return harness.token({ grant_type: JWT_BEARER, assertion, ...(scope === '' ? {} : { scope }) })
  }
  expect(await said(harness, await ask('openid'))).toEqual({ scope: 'openid', aud: harness.url, groups: undefined })
  expect((await ask('offline_access')).body['error']).toBe('invalid_scope')
  expect(await said(harness, await ask('wlcg.groups'))).toEqual({ scope: 'wlcg.groups', aud: SE, groups: ['/cms'] })
  expect(await said(harness, await ask('openid wlcg.groups read:/store'))).toEqual({
    scope: 'openid read:/store',
    aud: SE,
    groups: ['/cms'],
  })
  expect((await ask('')).body['scope']).toBe('read:/store write:/store/user/ana compute.read')
})
