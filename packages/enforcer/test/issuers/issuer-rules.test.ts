import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer, type EnforcerOptions, type IssuerOptions } from '../../src/index.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

function enforcer(own: IssuerOptions, options: Partial<EnforcerOptions> = {}): Enforcer {
  const { keys, clock } = issuer
  return new Enforcer({ issuers: { [issuer.issuer]: own }, keys, clock, audience: 'a', ...options })
}

async function acls(own: IssuerOptions, claims: object): Promise<readonly (readonly [string, string])[]> {
  const judge = enforcer(own)
  return judge.generateAcls(await judge.validate(await issuer.sign({ aud: 'a', ...claims }, { profile: 'wlcg:1.x' })))
}

test('scopes hold below each of the base paths', async () => {
  expect(await acls({ basePath: ['/one/', '/two'] }, { scope: 'storage.read:/a compute.read' })).toEqual([
    ['storage.read', '/one/a'],
    ['storage.read', '/two/a'],
    ['compute.read', '/one'],
    ['compute.read', '/two'],
  ])
})

test('scopes are cut down to the restricted paths', async () => {
  const own = { basePath: '/cms', restrictedPaths: ['/store/user', '/tmp'] }
  expect(await acls(own, { scope: 'storage.read:/store storage.read:/tmp/x storage.modify:/other' })).toEqual([
    ['storage.read', '/cms/store/user'],
    ['storage.read', '/cms/tmp/x'],
  ])
})

test('only allowed authorizations grant anything', async () => {
  expect(await acls({ authorizations: ['storage.read'] }, { scope: 'storage.read:/a storage.modify:/a' })).toEqual([
    ['storage.read', '/a'],
  ])
})

test('an issuer may know this server by another name', async () => {
  const judge = enforcer({ audience: 'b' })
  const ask = async (aud: string): Promise<boolean> =>
    (await judge.decide(await issuer.sign({ aud, scope: 'read:/' }), { authz: 'read', path: '/' })).allowed
  expect(await ask('b')).toBe(true)
  expect(await ask('a')).toBe(false)
})

test('where every issuer has its own name for this server, no other is needed', () => {
  const { keys, clock } = issuer
  expect(() => new Enforcer({ issuers: { [issuer.issuer]: { audience: 'b' } }, keys, clock })).not.toThrow()
  expect(() => new Enforcer({ issuers: { [issuer.issuer]: {} }, keys, clock })).toThrow(/no audience/)
})

const groups = { '/cms/prod': ['read:/store', 'write:/store/prod'], '/cms': ['read:/public'] }

test('groups grant what the site gives them where the token has no capability', async () => {
  expect(await acls({ basePath: '/cms', groups }, { scope: 'openid', 'wlcg.groups': ['/cms/prod', '/cms'] })).toEqual([
    ['read', '/cms/store'],
    ['write', '/cms/store/prod'],
    ['read', '/cms/public'],
  ])
  expect(await acls({ groups }, { 'wlcg.groups': ['/cms'] })).toEqual([['read', '/public']])
})

test('capabilities win: with one, groups grant nothing', async () => {
  for (const scope of ['storage.read:/x', 'compute.read', 'storage.stage:/y']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    const list = await acls({ groups }, { scope, 'wlcg.groups': ['/cms/prod'] })
    expect(list).toHaveLength(1)
    expect(list[0]?.[0]).toBe(scope.split(':')[0])
  }
})

test('a group grants nothing through its parents or children, or another issuer’s', async () => {
  expect(await acls({ groups }, { scope: 'openid', 'wlcg.groups': ['/cms/prod/x', '/cm', '/CMS'] })).toEqual([])
})

test('groups may stand in another claim', async () => {
  const own = { groups, groupsClaim: 'entitlements' }
  expect(await acls(own, { scope: 'openid', entitlements: ['/cms'], 'wlcg.groups': ['/cms/prod'] })).toEqual([
    ['read', '/public'],
  ])
})

test.each<[string, IssuerOptions, object, string | undefined]>([
  ['no mapping', {}, {}, undefined],
  ['a default', { mapping: { defaultUser: 'nobody' } }, {}, 'nobody'],
  ['the subject', { mapping: { mapSubject: true } }, { sub: 'ana' }, 'ana'],
  ['root as subject', { mapping: { mapSubject: true, defaultUser: 'nobody' } }, { sub: 'root' }, undefined],
  ['a path as subject', { mapping: { mapSubject: true } }, { sub: '../../etc' }, undefined],
  ['a subject with a line feed', { mapping: { mapSubject: true } }, { sub: 'ana\n' }, undefined],
  ['a claim', { mapping: { usernameClaim: 'uid', mapSubject: true } }, { sub: 'x', uid: 'ana' }, 'ana'],
  ['a claim that is missing', { mapping: { usernameClaim: 'uid', defaultUser: 'nobody' } }, { sub: 'x' }, undefined],
  ['a rule', { mapping: { rules: [{ sub: 's', result: 'ana' }], defaultUser: 'nobody' } }, { sub: 's' }, 'ana'],
  ['a rule by name', { mapping: { rules: [{ username: 's', result: 'ana' }] } }, { sub: 's' }, 'ana'],
  ['a rule by path', { mapping: { rules: [{ path: '/home', result: 'ana' }] } }, {}, 'ana'],
  ['a rule for a sibling', { mapping: { rules: [{ path: '/hom', result: 'ana' }] } }, {}, undefined],
])('with %s an account is found, or none', async (_what, own, claims, user) => {
  const token = await issuer.sign({ aud: 'a', scope: 'storage.read:/', ...claims }, { profile: 'wlcg:1.x' })
  const decision = await enforcer({ basePath: '/cms', ...own }).decide(token, { authz: 'read', path: '/cms/home/f' })
  expect(decision.allowed).toBe(true)
  expect(decision.allowed && decision.user).toBe(user)
})

test.each<[string, IssuerOptions]>([
  ['an empty list of base paths', { basePath: [] }],
  ['a restricted path with dot segments', { restrictedPaths: ['/a/..'] }],
  ['a group that is none', { groups: { 'cms/prod': ['read:/'] } }],
  ['a group’s scope without path', { groups: { '/cms': ['read'] } }],
  ['an allowedNames that remembers', { mapping: { allowedNames: /a/g } }],
  ['a rule without result', { mapping: { rules: [{ sub: 'a', result: '' }] } }],
  ['the audience ANY', { audience: 'ANY' }],
])('%s is a wrong configuration', (_what, own) => {
  expect(() => enforcer(own)).toThrow(expect.objectContaining({ code: 'config_error' }))
})

test('a missing parent outside the base path cannot be made', async () => {
  const judge = enforcer({ basePath: '/data/cms' })
  const token = await issuer.sign({ aud: 'a', scope: 'storage.create:/store/x' }, { profile: 'wlcg:1.x' })
  const mkdir = async (path: string): Promise<boolean> =>
    (await judge.decideOperation(token, { operation: 'mkdir', path })).allowed
  expect(await mkdir('/data/cms/store')).toBe(true)
  expect(await mkdir('/data/cms')).toBe(true)
  expect(await mkdir('/data')).toBe(false)
})

test('a rename leaves no issuer’s base path', async () => {
  const judge = enforcer({ basePath: '/cms' })
  const token = await issuer.sign({ aud: 'a', scope: 'storage.create:/' }, { profile: 'wlcg:1.x' })
  const rename = async (path: string, to?: string): Promise<string> => {
    const decision = await judge.decideOperation(token, {
      operation: 'rename',
      path,
      ...(to !== undefined && { to }),
    })
    return decision.allowed ? 'yes' : decision.code
  }
  expect(await rename('/cms/a', '/cms/b')).toBe('yes')
  expect(await rename('/cms/a', '/b')).toBe('scope_denied')
  expect(await rename('/cms/a')).toBe('invalid_request')
})

test('an unknown operation is the caller’s mistake', async () => {
  const token = await issuer.sign({ aud: 'a', scope: 'read:/' })
  for (const operation of ['toString', 'READ', '']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await enforcer({}).decideOperation(token, { operation: operation as 'read', path: '/' })).toMatchObject({
      code: 'invalid_request',
    })
  }
})
