import { attenuate, type JsonObject, KeySet, SciToken, SigningKey, splitKeyedToken } from '@scitokens/core'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { DenyList, Enforcer, type EnforcerOptions } from '../src/index.ts'

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
    const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
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
