import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, it, test } from 'vitest'
import {
  createAppGuard,
  createAuthzHandler,
  createGuard,
  readMethodQuestion,
  readScopeQuestion,
  readSkinOptions,
  resourceMetadata,
} from '../../src/http/index.ts'
import { DenyList, Enforcer, Validator } from '../../src/index.ts'
import { DenyListFile } from '../../src/node/index.ts'

// As plain JavaScript passes them: no type stands in the way.

const issuer = await createTestIssuer()
const audience = 'https://storage.example'
const usual = { issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock }
const enforcer = new Enforcer(usual)
const guard = createGuard({ enforcer })
const refusal = (message: string) =>
  expect.objectContaining({ code: 'config_error', family: 'config', message: expect.stringContaining(message) })
const make = (how: (options: never) => unknown, options: object) => () => how(options as never)

describe('options that would open a door by a slip are refused when the enforcer is made:', () => {
  it.each<[object, string]>([
    [{ issuers: { [issuer.issuer]: { base_path: '/cms' } } }, 'did you mean basePath?'],
    [{ issuers: { [issuer.issuer]: { restricted_paths: ['/cms'] } } }, 'did you mean restrictedPaths?'],
    [{ issuers: { [issuer.issuer]: { restricted_path: ['/cms'] } } }, 'did you mean restrictedPaths?'],
    [{ issuers: { [issuer.issuer]: { restrictedPaths: '/cms' } } }, 'restrictedPaths must be a list'],
    [{ issuers: { [issuer.issuer]: { authorisations: ['read'] } } }, 'did you mean authorizations?'],
    [{ issuers: { [issuer.issuer]: { authorizations: 'read' } } }, 'authorizations must be a list'],
    [{ issuers: { [issuer.issuer]: { basePath: [] } } }, 'basePath is an empty list'],
    [{ issuers: { [issuer.issuer]: { basePath: '' } } }, 'basePath must be text that is not empty'],
    [{ issuers: { [issuer.issuer]: { mapping: { map_subject: true } } } }, 'did you mean mapSubject?'],
    [{ issuers: { [issuer.issuer]: { mapping: { rules: [{ result: 'x', subject: 'a' }] } } } }, 'no option "subject"'],
    [{ issuers: { [issuer.issuer]: { mapping: { rules: [{ result: 'x', sub: null }] } } } }, 'sub is null'],
    [
      { issuers: { [issuer.issuer]: { mapping: { allowedNames: '.*' } } } },
      'allowedNames must be a regular expression',
    ],
    [{ issuers: { [issuer.issuer]: { groups: { '/cms': 'read:/' } } } }, 'must be a list'],
    [{ issuers: new Map([[issuer.issuer, {}]]) }, 'issuers must be an object'],
    [{ revokation: () => true }, 'did you mean revocation?'],
    [{ revocation: [] }, 'revocation must be a function or an object with isRevoked'],
    [{ profile: ['scitoken:2.0'] }, 'did you mean profiles?'],
    [{ profiles: 'scitoken:2.0' }, 'profiles must be a list'],
    [{ profiles: [] }, 'profiles is an empty list'],
    [{ maxLifetme: 3600 }, 'did you mean maxLifetime?'],
    [{ max_lifetime: 3600 }, 'did you mean maxLifetime?'],
    [{ maxLifetime: '3600' }, 'maxLifetime must be a number of seconds'],
    [{ maxLifetime: 0 }, 'above zero'],
    [{ clockTolerance: '60' }, 'clockTolerance must be a number of seconds'],
    [{ validator: { vo: () => false } }, 'did you mean validators?'],
    [{ validators: { vo: [] } }, 'validators["vo"] is an empty list'],
    [{ validators: new Map([['vo', () => false]]) }, 'validators must be an object'],
    [{ validators: { vo: true } }, 'validators["vo"] must be a function'],
    [{ algorithms: [] }, 'algorithms is an empty list'],
    [{ cache: true }, 'cache must be an object'],
    [{ cache: { max_entries: 5 } }, 'did you mean maxEntries?'],
    [{ cache: { maxEntries: '5' } }, 'cache.maxEntries must be a number'],
    [{ chains: 'false' }, 'chains must be an object'],
    [{ chains: { max_depth: 1 } }, 'did you mean maxDepth?'],
    [{ sharedBasePath: ['/'] }, 'did you mean sharedBasePaths?'],
    [{ audience_check: 'none' }, 'did you mean audienceCheck?'],
    [{ clock: 5 }, 'clock must be a function'],
    [{ keys: [] }, 'keys must be an object'],
    [{ required: false }, 'no option "required"'],
  ])('%o', (options, message) => {
    expect(make((all) => new Enforcer(all), { ...usual, ...options })).toThrow(refusal(message))
    // A change of mind is no way around.
    const running = new Enforcer(usual)
    expect(make((all) => running.reconfigure(all), { ...usual, ...options })).toThrow(refusal(message))
  })

  test('what is inherited counts: a deny list in the defaults is asked', async () => {
    const options = Object.assign(Object.create({ revocation: () => true }), usual) as typeof usual
    const token = await issuer.sign({ aud: audience, scope: 'read:/' })
    expect(await new Enforcer(options).decide(token, { authz: 'read', path: '/' })).toMatchObject({ code: 'revoked' })
  })

  test('what the caller changes afterwards has no effect', async () => {
    const issuers = { [issuer.issuer]: { basePath: '/cms', restrictedPaths: ['/a'] } }
    const strict = new Enforcer({ ...usual, issuers })
    issuers[issuer.issuer]!.restrictedPaths.push('/b')
    const token = await issuer.sign({ aud: audience, scope: 'read:/' })
    expect((await strict.decide(token, { authz: 'read', path: '/cms/b' })).allowed).toBe(false)
  })
})

it.each<[object, string]>([
  [{ criticalClaim: ['vo'] }, 'did you mean criticalClaims?'],
  [{ criticalClaims: 'vo' }, 'criticalClaims must be a list'],
  [{ unknownClaims: 'reject' }, 'unknownClaims must be one of'],
  [{ issuers: 'https://a.example' }, 'no option "issuers"'],
])('a Validator refuses %o', (options, message) => {
  expect(make((all) => new Validator(all), options)).toThrow(refusal(message))
})

test('addValidator refuses options that are none, and no function', () => {
  const add = (judge: unknown, options?: object) => () => new Validator().addValidator('vo', judge as never, options)
  expect(add(() => true, { ciritcal: true })).toThrow(refusal('did you mean critical?'))
  expect(add(() => true, { critical: 'yes' })).toThrow(refusal('critical must be true or false'))
  expect(add(true)).toThrow(refusal('validators["vo"] must be a function'))
})

test('a deny list is a list: text would be one of letters, and deny nobody', () => {
  for (const entries of [
    'lost-laptop',
    [5],
    [''],
    [['https://a.example']],
    [['https://a.example', 'x', 'y']],
    [null],
  ]) {
    expect(() => new DenyList(entries as never)).toThrow(refusal('entries must be a list'))
  }
  const list = new DenyList(['lost'])
  expect(() => list.replace(['found', 5 as never])).toThrow(refusal('entries must be a list'))
  expect(list.isRevoked({ issuer: 'https://a.example', tokenId: 'lost' })).toBe(true)
  expect(() => new DenyListFile('/dev/null', { checkInterval: 5 } as never)).toThrow(
    refusal('did you mean checkIntervalMs?'),
  )
})

describe('several issuers', () => {
  const [cms, atlas] = ['https://cms.example', 'https://atlas.example']
  const several = (options: object) => make((all) => new Enforcer(all), { ...usual, issuers: [cms, atlas], ...options })

  it('do not share a base path by accident, in the short form either', () => {
    expect(several({})).toThrow(refusal('share the base path "/"'))
    expect(several({ basePath: '/store' })).toThrow(refusal('share the base path "/store"'))
    expect(several({ basePath: '/store', sharedBasePaths: ['/other'] })).toThrow(refusal('sharedBasePaths'))
    expect(several({ sharedBasePaths: [] })).toThrow(refusal('sharedBasePaths'))
    expect(several({ issuers: { [cms]: {}, [atlas]: {} } })).toThrow(refusal('share the base path "/"'))
  })

  it('share what sharedBasePaths names', () => {
    expect(several({ sharedBasePaths: ['/'] })).not.toThrow()
    expect(several({ basePath: '/store', sharedBasePaths: ['/store/'] })).not.toThrow()
    expect(several({ issuers: [cms] })).not.toThrow()
    expect(several({ issuers: { [cms]: { basePath: '/cms' }, [atlas]: { basePath: '/atlas' } } })).not.toThrow()
  })
})

describe('guards', () => {
  it.each<[object, string]>([
    [{ required: '' }, 'required must be true or false'],
    [{ required: 0 }, 'required must be true or false'],
    [{ required: 'yes' }, 'required must be true or false'],
    [{ require: false }, 'did you mean required?'],
    [{ rejectDotSegments: 0 }, 'rejectDotSegments must be true or false'],
    [{ queryParameter: '' }, 'queryParameter must be text'],
    [{ query_parameter: 'authz' }, 'did you mean queryParameter?'],
    [{ methods: { get: 'none' } }, 'write GET'],
    [{ methods: { POST: 'upload' } }, 'methods["POST"] must be one of'],
    [{ methods: [] }, 'methods must be an object'],
    [{ maxLength: 0 }, 'maxLength must be a number'],
    [{ enforcer: undefined }, 'needs an enforcer'],
    [{ enforcer: usual }, 'enforcer must be an Enforcer'],
  ])('createGuard refuses %o', (options, message) => {
    expect(make(createGuard, { enforcer, ...options })).toThrow(refusal(message))
  })

  const appGuard = (options: object) => make((all) => createAppGuard(all, () => issuer.keys), options)

  it.each<[object, string]>([
    [{ required: '' }, 'required must be true or false'],
    [{ required: 0 }, 'required must be true or false'],
    [{ revokation: () => true }, 'did you mean revocation?'],
    [{ profile: [] }, 'did you mean profiles?'],
    [{ maxLifetme: 5 }, 'did you mean maxLifetime?'],
    [{ rejectDotSegments: false }, 'no option "rejectDotSegments"'],
    [{ scopesSupported: ['read:/'] }, 'scopesSupported does nothing without resource'],
    [{ keyCache: {} }, 'no option "keyCache"'],
  ])('createAppGuard refuses %o', (options, message) => {
    expect(appGuard({ ...usual, ...options })).toThrow(refusal(message))
  })

  it.each(['revocation', 'audience', 'keys', 'maxLifetime', 'cache'])(
    'beside an enforcer, %s would do nothing, and is refused',
    (name) => {
      const value = { revocation: () => true, audience, keys: issuer.keys, maxLifetime: 5, cache: false }[name]
      expect(appGuard({ enforcer, [name]: value })).toThrow(refusal(`${name} does nothing where enforcer is given`))
      expect(appGuard({ enforcer, issuers: issuer.issuer, required: false })).not.toThrow()
    },
  )

  it('a skin knows its own options besides, and a key cache that would not be made is refused', () => {
    const skin = (options: object) => make((all) => readSkinOptions(all, {}), options)
    expect(skin({ issuers: issuer.issuer, audience, keyCache: {}, handleErrors: true })).not.toThrow()
    expect(skin({ ...usual, handleError: true })).toThrow(refusal('did you mean handleErrors?'))
    expect(skin({ ...usual, handleErrors: 'yes' })).toThrow(refusal('handleErrors must be true or false'))
    expect(skin({ ...usual, keyCache: {} })).toThrow(refusal('keyCache does nothing where keys or enforcer is given'))
    expect(skin({ audience, keyCache: { issuers: [] } })).toThrow(refusal('keyCache.issuers does nothing'))
  })

  it.each<[object, string]>([
    [{ front: 'caddy' }, 'front must be one of'],
    [{ front: undefined }, 'which front asks'],
    [{ mountedAt: '/data' }, 'no option "mountedAt"'],
    [{ prefix: 'data' }, 'prefix must be a path'],
    [{ namespace: '/a/../b' }, 'namespace must be a path'],
    [{ exists: true }, 'exists must be a function'],
    [{ hosts: 'data.example' }, 'hosts must be a list'],
    [{ hosts: ['https://data.example'] }, 'hosts[0] must be a host as in URLs'],
    [{ logger: () => {} }, 'no option "logger"'],
    [{ guard: {} }, 'guard must be a guard'],
  ])('createAuthzHandler refuses %o', (options, message) => {
    expect(make(createAuthzHandler, { guard, front: 'envoy', ...options })).toThrow(refusal(message))
  })

  it('resourceMetadata refuses names that do not exist', () => {
    const options = { resource: audience, authorizationServers: [], scopes_supported: [] }
    expect(make(resourceMetadata, options)).toThrow(refusal('did you mean scopesSupported?'))
  })
})

describe('what a guard asks for is judged when it is made', () => {
  const scope =
    (authz: unknown, path?: unknown, options: object = {}) =>
    () =>
      readScopeQuestion(authz as never, path as never, options)

  it.each<[unknown, string]>([
    ['', 'no token can ever have what is asked for, ""'],
    ['read:store', 'needs an absolute path'],
    ['read /x', 'no token can ever have'],
    ['read:/x read:/y', 'no token can ever have'],
    ['read:', 'needs an absolute path'],
    [':/x', 'no token can ever have'],
    ['read:/../x', '".." component'],
    ['read:/a%2Fb', 'encoded slash'],
    ['queue:x', 'no token can ever have'],
    ['openid', 'grants nothing'],
    ['wlcg.groups', 'grants nothing'],
    [[], 'authz is an empty list'],
    [['read', ''], 'no token can ever have'],
    [['read:/x'], 'a list has names only'],
    [['read', 5], 'authz[1] must be the name of an authorization'],
    [undefined, 'authz must be a list'],
    [{ authz: 'read' }, 'authz must be a list'],
  ])('requireScope(%j)', (authz, message) => {
    expect(scope(authz)).toThrow(refusal(message))
  })

  it.each<[unknown, object, string]>([
    [{ prefix: '/data' }, {}, 'options come third'],
    ['store', {}, 'the path to ask about is none'],
    ['/a/../b', {}, 'the path to ask about is none'],
    [null, {}, 'path must be a path or a function'],
    ['/store', { prefix: '/data' }, 'prefix does nothing beside a path of your own'],
    [() => '/x', { namespace: '/data' }, 'namespace does nothing beside a path of your own'],
    [undefined, { pathIsDecoded: true }, 'pathIsDecoded does nothing without a function'],
    ['/x', { pathIsDecoded: false }, 'pathIsDecoded does nothing without a function'],
    [undefined, { mountedAt: '/data' }, 'no option "mountedAt"'],
    [undefined, { prefix: '' }, 'prefix must be text that is not empty'],
    [undefined, { prefix: 'data' }, 'prefix must be a path'],
  ])("requireScope('read', %j, %j)", (path, options, message) => {
    expect(scope('read', path, options)).toThrow(refusal(message))
  })

  it('one path is enough', () => {
    expect(scope('read:/x', '/y')).toThrow(refusal('two paths'))
    expect(readScopeQuestion('read', undefined, {})).toMatchObject({ authz: ['read'], path: undefined })
    expect(readScopeQuestion('read:/a:b', undefined, {})).toMatchObject({ authz: ['read'], path: '/a:b' })
    expect(readScopeQuestion(['read', 'storage.read'], '/a', {})).toMatchObject({ path: '/a' })
    expect(readScopeQuestion('compute.read', undefined, {})).toMatchObject({ authz: ['compute.read'] })
  })

  it.each<[object, string]>([
    [{ exist: () => true }, 'did you mean exists?'],
    [{ exists: true }, 'exists must be a function'],
    [{ hosts: ['data.example/'] }, 'hosts[0] must be a host'],
    [{ prefix: 5 }, 'prefix must be text'],
    [{ pathIsDecoded: true }, 'no option "pathIsDecoded"'],
  ])('requireMethod(%o)', (options, message) => {
    expect(() => readMethodQuestion(options as never)).toThrow(refusal(message))
  })
})
