import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, it, test } from 'vitest'
import { DenyList, Enforcer, Validator } from '../../src/index.ts'
import { DenyListFile } from '../../src/node/index.ts'

// As plain JavaScript passes them: no type stands in the way.

const issuer = await createTestIssuer()
const audience = 'https://storage.example'
const usual = { issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock }
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
  expect(() => DenyListFile.open('/dev/null', { checkInterval: 5 } as never)).toThrow(
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

describe('a question that is misspelt or mistyped is the fault of this server, never an answer to another question:', () => {
  const enforcer = new Enforcer(usual)
  const text = issuer.sign({ aud: audience, scope: 'read:/ storage.read:/ host.auth' })
  const asked = { authz: 'read', path: '/a' }
  const operation = { operation: 'read', path: '/a' }

  it.each<[object, string]>([
    [{ ...asked, pathIsdecoded: true }, 'did you mean pathIsDecoded?'],
    [{ ...asked, path_is_decoded: true }, 'did you mean pathIsDecoded?'],
    [{ ...asked, pathIsDecoded: 'false' }, 'pathIsDecoded must be true or false'],
    [{ ...asked, rejectDotSegments: 0 }, 'rejectDotSegments must be true or false'],
    [{ ...asked, isDirectory: null }, 'isDirectory must be true or false'],
    [{ authz: 'host.auth', Path: '/a' }, 'did you mean path?'],
    [{ ...asked, to: '/b' }, 'no member "to"'],
    [Object.assign(Object.create({ rejectDotSegment: true }), asked), 'did you mean rejectDotSegments?'],
  ])('%o', async (question, message) => {
    const token = await enforcer.validate(await text)
    expect(await enforcer.decide(await text, question as never)).toMatchObject({
      allowed: false,
      error: refusal(message),
    })
    expect(token.decide(question as never)).toMatchObject({ allowed: false, error: refusal(message) })
    await expect(enforcer.authorize(await text, question as never)).rejects.toEqual(refusal(message))
  })

  it('operations too', async () => {
    const question = { ...operation, too: '/b' } as never
    const token = await enforcer.validate(await text)
    expect(await enforcer.decideOperation(await text, question)).toMatchObject({ error: refusal('did you mean to?') })
    expect(token.decideOperation(question)).toMatchObject({ error: refusal('did you mean to?') })
    expect(token.decideOperation({ ...operation, authz: 'read' } as never)).toMatchObject({ allowed: false })
  })

  it('what is right is asked', async () => {
    const question = { ...asked, pathIsDecoded: true, isDirectory: false, rejectDotSegments: true }
    const { signal } = new AbortController()
    expect(await enforcer.decide(await text, { ...question, signal })).toMatchObject({ allowed: true })
    expect((await enforcer.validate(await text)).can('read', '/a', { pathIsDecoded: undefined as never })).toBe(true)
  })

  it('and so is whoever waits', async () => {
    const validate = (options: object) => () => enforcer.validateSoon('x', options)
    expect(validate({ singal: AbortSignal.abort() })).toThrow(refusal('did you mean signal?'))
    expect(validate({ signal: 5000 })).toThrow(refusal('signal must be an AbortSignal'))
  })
})
