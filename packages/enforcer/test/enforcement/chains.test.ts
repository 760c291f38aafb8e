import { attenuate, type JsonObject, KeySet, SciToken, SigningKey, splitKeyedToken } from '@scitokens/core'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { createAuth, createAuthzHandler, createGuard } from '../../src/http/index.ts'
import { DenyList, Enforcer, type EnforcerOptions, type IssuerOptions, Validator } from '../../src/index.ts'

const audience = 'https://storage.example'
const question = { authz: 'read', path: '/store/run7' }
let issuer: TestIssuer
/** With its key as fourth part, as its holder keeps it. */
let base: string

beforeAll(async () => {
  issuer = await createTestIssuer()
  base = await new SciToken({
    key: issuer.key,
    claims: { iss: issuer.issuer, sub: 'ana', aud: audience, scope: 'read:/store write:/store/ana', jti: 'base' },
  }).serialize({ includeKey: true, clock: issuer.clock, lifetime: 3600 })
})

const enforcer = (options: Partial<EnforcerOptions> = {}): Enforcer =>
  new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock, chains: true, ...options })
const derive = (token: string, scopes: string, options: { leaf?: boolean; lifetime?: number } = {}): Promise<string> =>
  attenuate({ token, scopes, clock: issuer.clock, ...options })
const codeOf = async (text: string, options: Partial<EnforcerOptions> = {}): Promise<string> => {
  const decision = await enforcer(options).decide(text, question)
  return decision.allowed ? 'allowed' : `${decision.family} ${decision.code}`
}

test('a leaf does what it says, and nothing else that its parents may', async () => {
  const leaf = await derive(base, 'read:/store/run7')
  const own = enforcer()
  expect(await own.decide(leaf, question)).toMatchObject({
    allowed: true,
    grantedBy: { authz: 'read', path: '/store/run7' },
    subject: 'ana',
    issuer: issuer.issuer,
  })
  for (const more of [
    { authz: 'read', path: '/store/run8' },
    { authz: 'write', path: '/store/ana/x' },
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await own.decide(leaf, more)).toMatchObject({ allowed: false, code: 'scope_denied' })
  }
  expect(own.generateAcls(await own.validate(leaf))).toEqual([['read', '/store/run7']])
})

test('chains are accepted only where it is said so, also of a token that another enforcer took', async () => {
  const leaf = await derive(base, 'read:/store/run7')
  expect(await codeOf(leaf, { chains: false })).toBe('not_acceptable chain_not_accepted')
  const own = enforcer()
  const held = await own.validate(leaf)
  expect(own.test(held, 'read', '/store/run7')).toBe(true)
  own.reconfigure({ issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock })
  expect(own.test(held, 'read', '/store/run7')).toBe(false)
  expect(own.lastFailure).toMatchObject({ code: 'chain_not_accepted' })
  expect(await own.decide(leaf, question)).toMatchObject({ code: 'chain_not_accepted' })
})

test('a parent is no bearer token, whoever shows it', async () => {
  const middle = await derive(base, 'read:/store', { leaf: false })
  const leaf = await derive(middle, 'read:/store/run7')
  const parentOf = (text: string): string =>
    (JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString()) as { pwt: string }).pwt
  // What whoever receives the leaf can pull out of it.
  const pulledOut = parentOf(leaf)
  for (const parent of [pulledOut, parentOf(pulledOut), splitKeyedToken(base).token, splitKeyedToken(middle).token]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await codeOf(parent)).toBe('not_acceptable parent_not_accepted')
  }
  for (const keyed of [base, middle]) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await codeOf(keyed)).toBe('not_acceptable malformed_token')
  }
  expect(await codeOf(leaf)).toBe('allowed')
})

test('the depth and the size of a chain are the site’s choice', async () => {
  const middle = await derive(base, 'read:/store', { leaf: false })
  const leaf = await derive(middle, 'read:/store/run7')
  expect(await codeOf(leaf, { chains: { maxDepth: 2 } })).toBe('allowed')
  expect(await codeOf(leaf, { chains: { maxDepth: 1 } })).toBe('not_acceptable too_large')
  expect(await codeOf(leaf, { chains: { maxLength: leaf.length - 1 } })).toBe('not_acceptable too_large')
})

test('the holder of a parent’s key can sign a wider child, and gets nothing by it', async () => {
  const { token, key } = splitKeyedToken(base)
  const now = issuer.clock()
  const honest = { sub: 'ana', scope: 'read:/store', exp: now + 600 }
  const forge = async (claims: JsonObject): Promise<string> => {
    const header = { alg: 'ES256', typ: 'scitoken-chain+jwt', crit: ['pwt'], pwt: token }
    const times = { iat: now - 5, nbf: now - 5, jti: 'x' }
    const payload = { iss: issuer.issuer, aud: audience, ver: 'scitoken-chain:1.0', ...times, ...honest, ...claims }
    const input = [header, [payload]].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = await (await SigningKey.from(key)).sign(new TextEncoder().encode(input))
    return `${input}.${Buffer.from(signature).toString('base64url')}`
  }
  expect(await codeOf(await forge({}))).toBe('allowed')
  for (const wider of [
    { scope: 'read:/' },
    { exp: now + 7200 },
    { sub: 'root' },
    { aud: ['https://x.example'] },
    { x: 1 },
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await codeOf(await forge(wider as JsonObject)), JSON.stringify(wider)).toMatch(
      /^not_acceptable (?:widened|broken)_chain$/,
    )
  }
})

test('a revoked link ends the whole chain, at every use', async () => {
  const revocation = new DenyList()
  const own = enforcer({ revocation })
  const leaf = await derive(base, 'read:/store/run7')
  expect(await own.decide(leaf, question)).toMatchObject({ allowed: true })
  revocation.replace(['base'])
  expect(await own.decide(leaf, question)).toMatchObject({ allowed: false, code: 'revoked' })
})

test('a chain lives as long as its shortest link, and as the key of its base', async () => {
  const own = enforcer()
  const leaf = await derive(base, 'read:/store/run7', { lifetime: 60 })
  expect(await own.decide(leaf, question)).toMatchObject({ allowed: true })
  issuer.clock.advance(60)
  expect(await own.decide(leaf, question)).toMatchObject({ allowed: false, code: 'expired' })
  issuer.clock.advance(-60)
  let current = await issuer.keys.getKeySet(issuer.issuer)
  const rotating = enforcer({ keys: { getKeySet: () => current } })
  expect(await rotating.decide(leaf, question)).toMatchObject({ allowed: true })
  current = await KeySet.fromJwks({ keys: [(await SigningKey.generate('ES256')).publicJwk] })
  expect(await rotating.decide(leaf, question)).toMatchObject({ allowed: false, code: 'key_not_found' })
})

describe('groups give nothing through a chain', () => {
  const groups = { '/cms/prod': ['read:/', 'write:/store/prod'] }
  const claims = (): JsonObject => ({
    iss: issuer.issuer,
    sub: 'ana',
    aud: audience,
    scope: 'read:/store/public queue',
    groups: ['/cms/prod'],
    'cms.groups': ['/cms/prod'],
    roles: ['/cms/prod'],
  })
  const site = (rules: IssuerOptions, options: Partial<EnforcerOptions> = {}): Enforcer =>
    enforcer({ issuers: { [issuer.issuer]: rules }, ...options })
  let withGroups: string
  beforeAll(async () => {
    withGroups = await new SciToken({ key: issuer.key, claims: claims() }).serialize({
      includeKey: true,
      clock: issuer.clock,
    })
  })
  const WRITE = { authz: 'write', path: '/store/prod/x' }

  test.each(['groups', 'cms.groups', 'roles'])(
    'whatever is left of its scope, and whatever the claim is called: %s',
    async (groupsClaim) => {
      const own = site({ groupsClaim, groups })
      // An ordinary token without a capability lives on its groups: the site means them.
      const member = await issuer.sign({ ...claims(), scope: 'queue' })
      expect(await own.decide(member, WRITE)).toMatchObject({ allowed: true })
      for (const scopes of ['', 'queue', 'read:/store/public', 'read:/store/public queue']) {
        // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
        const leaf = await derive(withGroups, scopes)
        // oxlint-disable-next-line no-await-in-loop -- as above
        const token = await own.validate(leaf)
        expect(token.decide(WRITE), scopes).toMatchObject({ allowed: false, code: 'scope_denied' })
        expect(token.can('read', '/elsewhere'), scopes).toBe(false)
        expect(token.groups).toEqual([])
        expect(token.mode).toBe('capability')
        expect(token.decideGroup('/cms/prod')).toMatchObject({
          allowed: false,
          code: 'group_denied',
          reason: 'a token chain carries no groups',
        })
        expect(own.generateAcls(token).some(([authz]) => authz === 'write')).toBe(false)
        // What an app sees, for its own use.
        expect(token.claims).not.toHaveProperty([groupsClaim])
        expect(createAuth(leaf, token).groups).toEqual([])
        expect(JSON.stringify(createAuth(leaf, token).claims[groupsClaim] ?? null)).toBe('null')
      }
    },
  )

  test('an account that a group gives is given to no chain, and nothing else in its place', async () => {
    const rules = [
      { group: '/cms/prod', path: '/store/public/prod', result: 'cmsprod' },
      { sub: 'ana', result: 'ana' },
    ]
    const leaf = await derive(withGroups, 'read:/store/public')
    const member = await issuer.sign(claims())
    const userAt = async (own: Enforcer, token: string, path: string): Promise<string | undefined> => {
      const decision = await own.decide(token, { authz: 'read', path })
      expect(decision.allowed).toBe(true)
      return decision.allowed ? decision.user : undefined
    }
    const own = site({ groupsClaim: 'groups', mapping: { rules, defaultUser: 'nobody' } })
    expect(await userAt(own, member, '/store/public/prod/x')).toBe('cmsprod')
    expect(await userAt(own, leaf, '/store/public/prod/x')).toBeUndefined()
    // Rules that ask for no group are as good as before.
    expect(await userAt(own, member, '/store/public/x')).toBe('ana')
    expect(await userAt(own, leaf, '/store/public/x')).toBe('ana')
    const byDefault = site({ groupsClaim: 'groups', mapping: { rules: rules.slice(0, 1), defaultUser: 'nobody' } })
    expect(await userAt(byDefault, leaf, '/store/public/prod/x')).toBeUndefined()
    expect(await userAt(byDefault, leaf, '/store/public/x')).toBe('nobody')
  })

  test('a site’s own validators see every claim: they can only refuse', async () => {
    const leaf = await derive(withGroups, 'read:/store/public')
    const seen: unknown[] = []
    const own = site(
      { groupsClaim: 'groups', groups },
      { validators: { groups: (value) => (seen.push(value), !(value as string[]).includes('/cms/prod')) } },
    )
    expect(await own.decide(leaf, { authz: 'read', path: '/store/public' })).toMatchObject({ code: 'invalid_claim' })
    expect(seen).toEqual([['/cms/prod']])
  })

  test('groups that cannot be read refuse a chain as they refuse a token', async () => {
    const odd = { ...claims(), groups: '/cms/prod' }
    const keyed = await new SciToken({ key: issuer.key, claims: odd }).serialize({
      includeKey: true,
      clock: issuer.clock,
    })
    const own = site({ groupsClaim: 'groups', groups })
    const read = { authz: 'read', path: '/store/public' }
    expect(await own.decide(await issuer.sign(odd), read)).toMatchObject({ code: 'invalid_claim' })
    expect(await own.decide(await derive(keyed, 'read:/store/public'), read)).toMatchObject({
      code: 'invalid_claim',
    })
  })

  test('a server in front is told of no group’s right and of no group’s account', async () => {
    const rules = { groupsClaim: 'groups', groups, mapping: { rules: [{ group: '/cms/prod', result: 'cmsprod' }] } }
    const handle = createAuthzHandler({ guard: createGuard({ enforcer: site(rules) }), front: 'envoy' })
    const ask = (token: string, method: string): ReturnType<typeof handle> =>
      handle({ method, target: '/store/public/x', headers: { authorization: `Bearer ${token}` } })
    const member = await issuer.sign({ ...claims(), scope: 'queue' })
    expect((await ask(member, 'GET')).headers).toMatchObject({ 'x-scitokens-user': 'cmsprod' })
    expect(await ask(await derive(withGroups, 'queue'), 'GET')).toMatchObject({ status: 403 })
    const answer = await ask(await derive(withGroups, 'read:/store/public'), 'GET')
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('x-scitokens-user')
    expect(JSON.stringify(answer)).not.toContain('cms')
  })
})

describe('limits on lifetime count from the base', () => {
  const DAY = 86_400
  const LIMIT = { maxLifetime: 3600 }

  test('a leaf derived on day 5 of a base of six days is refused like a plain token of six days', async () => {
    const { clock } = issuer
    const started = clock()
    const claims = { iss: issuer.issuer, sub: 'ana', aud: audience, scope: 'read:/store' }
    const long = await new SciToken({ key: issuer.key, claims }).serialize({
      includeKey: true,
      clock,
      lifetime: 6 * DAY,
    })
    const plain = await issuer.sign(claims, { lifetime: 6 * DAY })
    expect(await codeOf(plain, LIMIT)).toBe('not_acceptable lifetime_too_long')
    // While the base is young, so are its children.
    expect(await codeOf(await derive(long, 'read:/store', { lifetime: 600 }), LIMIT)).toBe('allowed')
    try {
      clock.advance(5 * DAY)
      const leaf = await derive(long, 'read:/store', { lifetime: 60 })
      const middle = await derive(long, 'read:/store', { leaf: false })
      for (const text of [leaf, await derive(middle, 'read:/store', { lifetime: 60 })]) {
        // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
        expect(await codeOf(text, LIMIT)).toBe('not_acceptable lifetime_too_long')
        // oxlint-disable-next-line no-await-in-loop -- as above
        expect(await codeOf(text)).toBe('allowed')
        // oxlint-disable-next-line no-await-in-loop -- as above
        const token = await SciToken.deserialize(text, { keys: issuer.keys, chains: true })
        // The bare validator counts so, too.
        const bare = new Validator({ ...LIMIT, audience, clock })
        // oxlint-disable-next-line no-await-in-loop -- as above
        await expect(bare.validate(token)).rejects.toMatchObject({ code: 'lifetime_too_long', actual: 5 * DAY + 65 })
        // And so does a site's validator of its own, which looks at how old a token is.
        expect(token.get('iat')).toBe(started - 5)
      }
    } finally {
      clock.set(started)
    }
  })

  test('a link that says it was made in the future is refused as a token that says so', async () => {
    const { clock } = issuer
    clock.advance(600)
    const ahead = await derive(base, 'read:/store', { lifetime: 60 })
    clock.advance(-600)
    expect(await codeOf(ahead)).toBe('not_acceptable not_yet_valid')
  })
})
