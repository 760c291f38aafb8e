import { SciToken } from '@scitokens/core'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer, type EnforcerOptions } from '../../src/index.ts'

const audience = 'https://storage.example'
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

function enforcer(options: Partial<EnforcerOptions> = {}): Enforcer {
  return new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock, ...options })
}

test('a decision names the scope that allowed it and the path to use', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'write:/store/ana read:/store' })
  const decision = await enforcer().decide(token, { authz: 'read', path: '/store//x/%61' })
  expect(decision).toMatchObject({
    allowed: true,
    grantedBy: { authz: 'read', path: '/store' },
    normalizedPath: '/store/x/a',
    subject: 'test-user',
    issuer: issuer.issuer,
  })
})

test('a refusal names what was missing', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/store' })
  const decision = await enforcer().decide(token, { authz: 'write', path: '/store/a b', pathIsDecoded: true })
  expect(decision).toMatchObject({
    allowed: false,
    code: 'scope_denied',
    family: 'not_allowed',
    missing: ['write:/store/a%20b'],
    normalizedPath: '/store/a b',
    subject: 'test-user',
  })
})

test.each([
  ['an empty authorization', { authz: '', path: '/store' }],
  ['no path where one is needed', { authz: 'read' }],
  ['a relative path', { authz: 'read', path: 'store' }],
  ['an encoded slash', { authz: 'read', path: '/store/a%2fb' }],
])('%s is the caller’s mistake, told in the decision', async (_what, question) => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/' })
  expect(await enforcer().decide(token, question)).toMatchObject({ allowed: false, family: 'invalid_request' })
})

test('whatever is given as a token, decide answers and never throws', async () => {
  for (const token of ['', 'x', '..', undefined, null, 5, {}, 'a'.repeat(100_000)]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    const decision = await enforcer().decide(token as string, { authz: 'read', path: '/' })
    expect(decision).toMatchObject({ allowed: false, family: 'not_acceptable' })
  }
})

test('an issuer whose keys cannot be had is "undecided", never "bad token"', async () => {
  const token = await issuer.sign({ aud: audience, scope: 'read:/' })
  const down = enforcer({
    keys: {
      getKeySet: () => {
        throw new Error('no route to host')
      },
    },
  })
  expect(await down.decide(token, { authz: 'read', path: '/' })).toMatchObject({
    allowed: false,
    code: 'undecided',
    family: 'undecided',
  })
})

test('keys are never asked for on behalf of an issuer that is not trusted', async () => {
  const other = await createTestIssuer({ issuer: 'https://evil.example' })
  const asked: string[] = []
  const careful = enforcer({
    keys: {
      getKeySet: (name) => {
        asked.push(name)
        return other.keys.getKeySet(name)
      },
    },
  })
  const token = await other.sign({ aud: audience, scope: 'read:/' })
  expect(await careful.decide(token, { authz: 'read', path: '/' })).toMatchObject({ code: 'untrusted_issuer' })
  expect(asked).toEqual([])
})

test('test answers at once for a token that was verified before, and lastFailure tells why not', async () => {
  const judge = enforcer()
  const text = await issuer.sign({ aud: audience, scope: 'read:/store' })
  for (const token of [await SciToken.deserialize(text, { keys: issuer.keys }), await judge.validate(text)]) {
    expect(judge.test(token, 'read', '/store/a')).toBe(true)
    expect(judge.lastFailure).toBeUndefined()
    expect(judge.test(token, 'write', '/store/a')).toBe(false)
    expect(judge.lastFailure).toMatchObject({ code: 'scope_denied', missing: ['write:/store/a'] })
    expect(judge.generateAcls(token)).toEqual([['read', '/store']])
  }
})

test('test refuses a token that was never verified', () => {
  const judge = enforcer()
  const forged = new SciToken({ claims: { iss: issuer.issuer, aud: audience, scope: 'read:/' } })
  expect(judge.test(forged, 'read', '/')).toBe(false)
  expect(judge.lastFailure).toMatchObject({ code: 'invalid_request' })
})

test('claims set after verification change nothing', async () => {
  const judge = enforcer()
  const token = await SciToken.deserialize(await issuer.sign({ aud: audience, scope: 'read:/a' }), {
    keys: issuer.keys,
  })
  token.set('scope', 'read:/')
  expect(judge.test(token, 'read', '/b')).toBe(false)
  expect(judge.generateAcls(token)).toEqual([['read', '/a']])
})

test('a validated token does not outlive its exp', async () => {
  const here = await createTestIssuer()
  const judge = new Enforcer({ issuers: here.issuer, keys: here.keys, audience, clock: here.clock })
  const token = await judge.validate(await here.sign({ aud: audience, scope: 'read:/' }, { lifetime: 60 }))
  expect(token.can('read', '/')).toBe(true)
  here.clock.advance(60)
  expect(token.can('read', '/')).toBe(false)
  expect(() => token.acls()).toThrow(expect.objectContaining({ code: 'expired' }))
})

test.each<[string, Partial<EnforcerOptions>]>([
  ['no audience', { audience: undefined as unknown as string }],
  ['the audience ANY', { audience: 'ANY' }],
  ['both an audience and audienceCheck none', { audienceCheck: 'none' }],
  ['no issuer', { issuers: [] }],
  ['an issuer that is no https URL', { issuers: 'http://issuer.example' }],
  ['HMAC', { algorithms: ['HS256'] }],
  ['a clock tolerance above five minutes', { clockTolerance: 301 }],
  ['an unknown profile', { profiles: ['scitoken:3.0'] }],
  ['a base path with dot segments', { basePath: '/a/../b' }],
  ['no lifetime at all', { maxLifetime: 0 }],
])('%s is a wrong configuration, told at construction', (_what, options) => {
  expect(() => enforcer(options)).toThrow(expect.objectContaining({ family: 'config' }))
})

test('below a base path scopes are relative to it, and nothing outside it is allowed', async () => {
  const judge = enforcer({ issuers: { [issuer.issuer]: { basePath: '/cms' } } })
  const token = await issuer.sign({ aud: audience, scope: 'read:/ write:/store/ queue' })
  const ask = async (authz: string, path?: string): Promise<boolean> =>
    (await judge.decide(token, { authz, ...(path !== undefined && { path }) })).allowed
  expect(await ask('read', '/cms/x')).toBe(true)
  expect(await ask('read', '/cmsx')).toBe(false)
  expect(await ask('read', '/')).toBe(false)
  expect(await ask('write', '/cms/store/x')).toBe(true)
  expect(await ask('queue')).toBe(true)
  expect(await ask('queue', '/elsewhere')).toBe(false)
  expect(judge.generateAcls(await judge.validate(token))).toEqual([
    ['read', '/cms'],
    ['write', '/cms/store/'],
    ['queue', '/cms'],
  ])
})

test('two issuers of a map never share a base path by accident', async () => {
  const map = { [issuer.issuer]: { basePath: '/data' }, 'https://b.example': { basePath: '/data/b' } }
  expect(() => enforcer({ issuers: map })).toThrow(/share the base path "\/data\/b"/)
  expect(() => enforcer({ issuers: map, sharedBasePaths: ['/data/b'] })).not.toThrow()
})
