import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, it } from 'vitest'
import {
  challenge,
  createAuthzHandler,
  createGuard,
  destinationPath,
  extractBearer,
  resourceMetadata,
} from '../../src/http/index.ts'
import { createAppGuard, readMethodQuestion, readScopeQuestion, readSkinOptions } from '../../src/internal.ts'
import { Enforcer } from '../../src/index.ts'

// As plain JavaScript passes them: no type stands in the way.

const issuer = await createTestIssuer()
const audience = 'https://storage.example'
const usual = { issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock }
const enforcer = new Enforcer(usual)
const guard = createGuard({ enforcer })
const refusal = (message: string) =>
  expect.objectContaining({ code: 'config_error', family: 'config', message: expect.stringContaining(message) })
const make = (how: (options: never) => unknown, options: object) => () => how(options as never)

describe('functions of their own', () => {
  it.each<[object, string]>([
    [{ query_parameter: 'authz' }, 'did you mean queryParameter?'],
    [{ queryParameter: '' }, 'queryParameter must be text'],
    [{ maxLength: '5' }, 'maxLength must be a number'],
  ])('extractBearer refuses %o', (options, message) => {
    expect(make((all) => extractBearer({ headers: {} }, all), options)).toThrow(refusal(message))
  })

  it.each<[object, string]>([
    [{ resource_metadata: audience }, 'did you mean resourceMetadata?'],
    [{ realm: 5 }, 'realm must be text'],
    [{ missing: 'read:/' }, 'missing must be a list'],
  ])('challenge refuses %o', (options, message) => {
    const error = { code: 'scope_denied', family: 'not_allowed' } as const
    expect(make((all) => challenge(error, all), options)).toThrow(refusal(message))
  })

  it.each<[object, string]>([
    [{ hosts: [], prefixes: '/dav' }, 'did you mean prefix?'],
    [{ hosts: 'data.example' }, 'hosts must be a list'],
    [{ hosts: ['https://data.example'] }, 'hosts[0] must be a host'],
  ])('destinationPath refuses %o', (options, message) => {
    expect(make((all) => destinationPath('/dav/a', all), options)).toThrow(refusal(message))
  })

  it('a need that is misspelt stops the request as a fault of this server', async () => {
    const token = await issuer.sign({ aud: audience, scope: 'read:/' })
    const who = await guard.authenticate({ headers: { authorization: `Bearer ${token}` } })
    const auth = who.ok ? who.auth : expect.unreachable()
    expect(guard.check(auth, { authz: 'read', path: '/a' })).toMatchObject({ ok: true })
    expect(guard.check(auth, { authz: 'read', path: '/a', pathIsdecoded: true } as never)).toMatchObject({
      ok: false,
      status: 500,
      error: refusal('did you mean pathIsDecoded?'),
    })
  })
})

describe('what makes guards refuses options that are misspelt or mistyped', () => {
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
