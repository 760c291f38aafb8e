import { KeySet, type KeySource, SigningKey, signToken } from '@scitokens/core'
import { createTestClock, createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeEach, expect, test } from 'vitest'
import { DenyList, Enforcer, type EnforcerOptions } from '../../src/index.ts'

const audience = 'https://storage.example'
const question = { authz: 'read', path: '/a' }
let issuer: TestIssuer

beforeEach(async () => {
  issuer = await createTestIssuer()
})

/** Keys that can be changed, and that count the signatures they check. */
class Keys implements KeySource {
  current!: KeySet
  checked = 0

  async publish(...keys: SigningKey[]): Promise<void> {
    const set = await KeySet.fromJwks({ keys: keys.map((key) => key.publicJwk) })
    for (const key of set.keys) {
      const verify = key.verify.bind(key)
      Object.defineProperty(key, 'verify', {
        value: (...args: Parameters<typeof verify>) => {
          this.checked += 1
          return verify(...args)
        },
      })
    }
    this.current = set
  }

  getKeySet(): KeySet {
    return this.current
  }
}

async function setUp(options: Partial<EnforcerOptions> = {}): Promise<{ keys: Keys; enforcer: Enforcer }> {
  const keys = new Keys()
  await keys.publish(issuer.key)
  const enforcer = new Enforcer({ issuers: issuer.issuer, keys, audience, clock: issuer.clock, ...options })
  return { keys, enforcer }
}

test('the signature of a token seen before is not checked again', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const first = await enforcer.decide(token, question)
  const second = await enforcer.decide(token, question)
  expect(second).toEqual(first)
  expect(second.allowed).toBe(true)
  expect(keys.checked).toBe(1)
  expect(await enforcer.decide(token, { authz: 'write', path: '/a' })).toMatchObject({ code: 'scope_denied' })
  expect(keys.checked).toBe(1)
})

test('one option turns it off', async () => {
  const { keys, enforcer } = await setUp({ cache: false })
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  await enforcer.decide(token, question)
  await enforcer.decide(token, question)
  expect(keys.checked).toBe(2)
})

test('a verdict never outlives exp', async () => {
  const { enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' }, { lifetime: 60 })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  issuer.clock.advance(60)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'expired' })
})

test('a clock that was set back makes a remembered token "not valid yet"', async () => {
  const { enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  issuer.clock.advance(-1000)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'not_yet_valid' })
})

test('a key that the issuer withdrew ends the verdicts it made, at once', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  await keys.publish(await SigningKey.generate('ES256'))
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'key_not_found' })
  await keys.publish(issuer.key)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
})

test('while the keys cannot be had nothing is remembered to be good', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  await enforcer.decide(token, question)
  keys.getKeySet = () => {
    throw new Error('no route to host')
  }
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, family: 'undecided' })
})

test('a key set that changes while a token is being verified leaves no verdict behind', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const underWay = enforcer.decide(token, question)
  await keys.publish(await SigningKey.generate('ES256'))
  await underWay
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'key_not_found' })
})

test('keys that change while many tokens are under way: none is accepted by a withdrawn key once the last of them is answered', async () => {
  const { keys, enforcer } = await setUp()
  const successor = await SigningKey.generate('ES256')
  const sign = (signer: SigningKey): Promise<string> =>
    signToken({ signer, claims: { iss: issuer.issuer, aud: audience, scope: 'read:/a' }, clock: issuer.clock })
  const [old, young] = await Promise.all(
    [issuer.key, successor].map((key) => Promise.all(Array.from({ length: 40 }, () => sign(key)))),
  )
  const all = (tokens: readonly string[]): Promise<string[]> =>
    Promise.all(
      tokens.map(async (token) => {
        const decision = await enforcer.decide(token, question)
        return decision.allowed ? 'allowed' : decision.code
      }),
    )
  // Most of these are on their way to the thread pool when the keys change.
  const underWay = all([...old!, ...young!])
  await keys.publish(successor)
  // Each was answered by the keys that it met; never by a mixture.
  expect(new Set(await underWay)).toEqual(new Set(['allowed', 'key_not_found']))
  expect(new Set(await all(old!))).toEqual(new Set(['key_not_found']))
  expect(new Set(await all(young!))).toEqual(new Set(['allowed']))
})

test('keys that arrive late, when others are in force already, leave no verdict behind', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const late = keys.current
  const arrival = Promise.withResolvers<KeySet>()
  keys.getKeySet = () => arrival.promise as never
  const underWay = enforcer.decide(token, question)
  const successors = await KeySet.fromJwks({ keys: [(await SigningKey.generate('ES256')).publicJwk] })
  keys.getKeySet = () => successors
  arrival.resolve(late)
  expect(await underWay).toMatchObject({ allowed: true })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'key_not_found' })
})

test('a change of the configuration ends every verdict, and a wrong one changes nothing', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const held = await enforcer.validate(token)
  const options = { issuers: issuer.issuer, keys, clock: issuer.clock }
  expect(() => enforcer.reconfigure({ ...options, audience: 'ANY' })).toThrow(/ANY/)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  enforcer.reconfigure({ ...options, audience: 'https://elsewhere.example' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'aud_mismatch' })
  expect(enforcer.test(held, 'read', '/a')).toBe(false)
  expect(enforcer.lastFailure).toMatchObject({ code: 'aud_mismatch' })
})

test('what the caller changes in its options afterwards has no effect', async () => {
  const issuers = [issuer.issuer]
  const { enforcer } = await setUp({ issuers })
  issuers[0] = 'https://evil.example'
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
})

test('revocation is asked at every use', async () => {
  const revocation = new DenyList()
  const { enforcer } = await setUp({ revocation })
  const token = await issuer.sign({ aud: audience, scope: 'read:/a', jti: 'one' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  revocation.replace([['https://other.example', 'one']])
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  revocation.replace([[issuer.issuer, 'one']])
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'revoked' })
  revocation.replace(['one'])
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'revoked' })
})

test('own validators are asked at every use', async () => {
  let open = true
  const { enforcer } = await setUp({ validators: { vo: () => open } })
  const token = await issuer.sign({ aud: audience, scope: 'read:/a', vo: 'ligo' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  open = false
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: false, code: 'invalid_claim' })
})

test.each<[string, object, string]>([
  ['for another server', { aud: 'https://elsewhere.example', scope: 'read:/a' }, 'aud_mismatch'],
  ['without scope', { aud: audience }, 'missing_claim'],
])('a token %s is refused without a second look, by the same rule', async (_what, claims, code) => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign(claims as { aud: string })
  expect(await enforcer.decide(token, question)).toMatchObject({ code })
  expect(await enforcer.decide(token, question)).toMatchObject({ code })
  expect(keys.checked).toBe(1)
})

test('a bad signature is not checked again under the same keys, and is under others', async () => {
  const impostor = await SigningKey.generate('ES256', { kid: issuer.key.kid })
  const { keys, enforcer } = await setUp()
  const claims = { iss: issuer.issuer, aud: audience, scope: 'read:/a' }
  const token = await signToken({ signer: impostor, claims, clock: issuer.clock })
  expect(await enforcer.decide(token, question)).toMatchObject({ code: 'bad_signature' })
  expect(await enforcer.decide(token, question)).toMatchObject({ code: 'bad_signature' })
  expect(keys.checked).toBe(1)
  await keys.publish(impostor)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
})

test('a key that was not found is looked for again', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  await keys.publish(await SigningKey.generate('ES256'))
  expect(await enforcer.decide(token, question)).toMatchObject({ code: 'key_not_found' })
  await keys.publish(issuer.key)
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
})

test('a token that differs in one character of its signature is another token', async () => {
  const { enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
  for (const at of [token.lastIndexOf('.') + 1, token.lastIndexOf('.') + 40]) {
    const other = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await enforcer.decide(other, question)).toMatchObject({ allowed: false, code: 'bad_signature' })
  }
  for (const tail of [' ', '\u0000', '=', 'é', '.', 'AA', 'A'.repeat(5000)]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect((await enforcer.decide(token + tail, question)).allowed).toBe(false)
  }
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)]
  const backwards = `${signed}.${signature.split('').toReversed().join('')}`
  expect(await enforcer.decide(backwards, question)).toMatchObject({ allowed: false })
  expect(await enforcer.decide(token, question)).toMatchObject({ allowed: true })
})

test('a signature that is too long to be remembered is checked each time', async () => {
  const { keys, enforcer } = await setUp()
  const token = await issuer.sign({ aud: audience, scope: 'read:/a' })
  const long = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(4000)}`
  for (const checked of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- the second time, it would be known
    expect(await enforcer.decide(long, question)).toMatchObject({ allowed: false, code: 'bad_signature' })
    expect(keys.checked).toBe(checked)
  }
})

test('asynchronous keys, validators and revocation give the same answers, all at once', async () => {
  const { enforcer } = await setUp({
    keys: { getKeySet: async (name) => issuer.keys.getKeySet(name) },
    validators: { vo: async (value) => value === 'ligo' },
    revocation: async ({ tokenId }) => tokenId === 'bad',
  })
  const good = await issuer.sign({ aud: audience, scope: 'read:/a', vo: 'ligo' })
  const foreign = await issuer.sign({ aud: audience, scope: 'read:/a', vo: 'virgo' })
  const revoked = await issuer.sign({ aud: audience, scope: 'read:/a', vo: 'ligo', jti: 'bad' })
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) => enforcer.decide([good, foreign, revoked][index % 3]!, question)),
  )
  for (const [index, decision] of answers.entries()) {
    expect(decision.allowed ? 'yes' : decision.code).toBe(['yes', 'invalid_claim', 'revoked'][index % 3])
  }
})

test('the same kid at two issuers names two keys, remembered or not', async () => {
  const clock = createTestClock()
  const make = async (name: string) => ({ name, key: await SigningKey.generate('ES256', { kid: 'one' }) })
  const [ours, theirs] = [await make('https://a.example'), await make('https://b.example')]
  const keys = {
    [ours.name]: { keys: [ours.key.publicJwk] },
    [theirs.name]: { keys: [theirs.key.publicJwk] },
  }
  const enforcer = new Enforcer({ issuers: [ours.name, theirs.name], sharedBasePaths: ['/'], keys, audience, clock })
  const sign = (iss: string, signer: SigningKey): Promise<string> =>
    signToken({ signer, claims: { iss, aud: audience, scope: 'read:/a' }, clock })
  const tokens = [
    [await sign(ours.name, ours.key), true],
    [await sign(theirs.name, theirs.key), true],
    [await sign(ours.name, theirs.key), false],
    [await sign(theirs.name, ours.key), false],
  ] as const
  for (const [token, allowed] of [...tokens, ...tokens]) {
    // oxlint-disable-next-line no-await-in-loop -- the second round meets what the first one left
    expect((await enforcer.decide(token, question)).allowed).toBe(allowed)
  }
})
