import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer, type EnforcerOptions } from '../../../src/index.ts'
import { createGuard, type Guard, type GuardOptions, type GuardRequest } from '../../../src/http/index.ts'

const audience = 'https://storage.example'
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

function guard(options: Partial<GuardOptions> = {}, enforcer: Partial<EnforcerOptions> = {}): Guard {
  const { issuer: issuers, keys, clock } = issuer
  return createGuard({ enforcer: new Enforcer({ issuers, keys, clock, audience, ...enforcer }), ...options })
}

const request = (token: string | undefined, method: string, path: string): GuardRequest => ({
  method,
  path,
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
})

test('no credentials: 401 and a challenge without a code', async () => {
  const outcome = await guard({ realm: 'store' }).decide(request(undefined, 'GET', '/a'))
  expect(outcome).toMatchObject({ ok: false, status: 401, headers: { 'www-authenticate': 'Bearer realm="store"' } })
  expect((outcome as { body: object }).body).toEqual({})
})

test('a token that is not acceptable: 401 invalid_token', async () => {
  const outcome = await guard().decide(request('x.y.z', 'GET', '/a'))
  expect(outcome).toMatchObject({ ok: false, status: 401, body: { error: 'invalid_token' } })
})

test('a token that does not allow this: 403, and the scopes that would', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const outcome = await guard().decide(request(token, 'GET', '/b%20c'))
  expect(outcome).toMatchObject({
    ok: false,
    status: 403,
    headers: {
      'www-authenticate':
        'Bearer error="insufficient_scope", error_description="The access token does not allow this", scope="read:/b%20c storage.read:/b%20c"',
    },
  })
})

test('a malformed request: 400 invalid_request', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/' })
  for (const path of ['/a%2fb', '/a/%2e%2e/b', '/a/../b', '/%zz', '/a\\b', 'a']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await guard().decide(request(token, 'GET', path))).toMatchObject({ ok: false, status: 400 })
  }
})

test('an issuer that cannot be reached: 503 with Retry-After and no challenge', async () => {
  const keys = {
    getKeySet: () => {
      throw new Error('no route to host')
    },
  }
  const token = await issuer.sign({ aud: audience, scope: 'read:/' })
  const outcome = await guard({}, { keys }).decide(request(token, 'GET', '/a'))
  expect(outcome).toMatchObject({ ok: false, status: 503, headers: { 'retry-after': '10' } })
  expect(outcome).not.toHaveProperty(['headers', 'www-authenticate'])
})

test('the raw token is not in the JSON of the auth object', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/' })
  const outcome = await guard().decide(request(token, 'GET', '/a'))
  if (!outcome.ok) throw outcome.error
  expect(outcome.auth?.token).toBe(token)
  expect(JSON.stringify(outcome.auth)).not.toContain(token)
  expect(Object.keys(outcome.auth!)).not.toContain('token')
  expect(outcome.path).toBe('/a')
})

test('optional credentials may be missing, but never bad, and never make a question optional', async () => {
  const optional = guard({ required: false })
  expect(await optional.authenticate(request(undefined, 'GET', '/a'))).toMatchObject({ ok: true, auth: undefined })
  expect(await optional.authenticate(request('x.y.z', 'GET', '/a'))).toMatchObject({ ok: false, status: 401 })
  expect(await optional.decide(request(undefined, 'GET', '/a'))).toMatchObject({ ok: false, status: 401 })
  expect(optional.check(undefined, { authz: 'read', path: '/a' })).toMatchObject({ ok: false, status: 401 })
})

test('several authorizations may be named, any of which is enough', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const both = { authz: ['storage.read', 'read'], path: '/a/b' }
  expect(await guard().decide(request(token, 'GET', '/a/b'), both)).toMatchObject({ ok: true, path: '/a/b' })
})
