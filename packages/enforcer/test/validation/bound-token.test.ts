import { attenuate, type JsonValue, SciToken, type SciTokenError, type VerifiedToken } from '@scitokens/core'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { Enforcer, type EnforcerOptions, Validator, type ValidatorOptions } from '../../src/index.ts'

const audience = 'https://storage.example'
const question = { authz: 'read', path: '/store' }
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

/** What binds, what is meant to, and what makes no sense at all. */
const BINDINGS: readonly (readonly [string, JsonValue])[] = [
  ['a certificate', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
  ['a DPoP key', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
  ['both', { 'x5t#S256': 'x', jkt: 'y' }],
  ['a whole key', { jwk: { kty: 'EC' } }],
  ['something unknown', { later: true }],
  ['nothing', {}],
  ['null', null],
  ['text', 'x'],
  ['empty text', ''],
  ['a list', []],
  ['zero', 0],
  ['false', false],
]

const enforcer = (options: Partial<EnforcerOptions> = {}): Enforcer =>
  new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock, chains: true, ...options })

describe('a token with cnf is refused as proof_missing, for nothing here checks a proof', () => {
  test.each(BINDINGS)('whatever stands in it: %s', async (_what, cnf) => {
    const token = await issuer.sign({ aud: audience, scope: 'read:/store', cnf })
    const ours = enforcer()
    for (const answer of [await ours.decide(token, question), await ours.decide(token, question)]) {
      expect(answer).toMatchObject({
        allowed: false,
        family: 'not_acceptable',
        code: 'proof_missing',
        error: { claim: 'cnf', actual: undefined },
      })
    }
    await expect(ours.validate(token)).rejects.toMatchObject({ code: 'proof_missing' })
    expect(await enforcer({ cache: false }).decide(token, question)).toMatchObject({ code: 'proof_missing' })
    const held = await SciToken.deserialize(token, { keys: issuer.keys })
    expect(ours.test(held, 'read', '/store')).toBe(false)
    expect(ours.lastFailure).toMatchObject({ code: 'proof_missing' })
    expect(() => ours.generateAcls(held)).toThrow(expect.objectContaining({ code: 'proof_missing' }))
  })

  test.each(['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'] as const)(
    'in the profile %s, whoever else judges the claim and whatever becomes of unknown ones',
    async (profile) => {
      const options: readonly ValidatorOptions[] = [
        {},
        { unknownClaims: 'ignore' },
        { unknownClaims: 'refuse' },
        { criticalClaims: ['cnf'] },
      ]
      for (const more of options) {
        const judge = new Validator({ clock: issuer.clock, audience, ...more }).addValidator('cnf', () => true)
        // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
        expect(await codeOf(judge.validate(await verified({ cnf: { jkt: 'x' } }, profile)))).toBe('proof_missing')
      }
    },
  )

  test('also at the end of a chain, by whichever link it is bound', async () => {
    const cnf = { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }
    const base = await new SciToken({
      key: issuer.key,
      claims: { iss: issuer.issuer, sub: 'ana', aud: audience, scope: 'read:/store', cnf },
    }).serialize({ includeKey: true, clock: issuer.clock })
    const leaf = await attenuate({ token: base, clock: issuer.clock })
    expect(await enforcer().decide(leaf, question)).toMatchObject({ code: 'proof_missing' })
    const judge = new Validator({ clock: issuer.clock, audience })
    const chain = await verified({}, 'scitoken:2.0')
    for (const links of [
      [{ cnf }, {}, chain.claims],
      [{}, { cnf }, chain.claims],
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
      expect(await codeOf(judge.validate({ ...chain, links }))).toBe('proof_missing')
    }
    expect(await codeOf(judge.validate({ ...chain, links: [{}, {}, chain.claims] }))).toBe('fine')
  })
})

/** A token as verification leaves it. */
async function verified(claims: object, profile: VerifiedToken['profile']): Promise<VerifiedToken> {
  const now = issuer.clock()
  const all = { iss: issuer.issuer, aud: audience, exp: now + 600, iat: now - 5, scope: 'read:/', ...claims }
  const keySet = await issuer.keys.getKeySet(issuer.issuer)
  return { header: { alg: 'ES256' }, claims: all, issuer: issuer.issuer, profile, keySet }
}

const codeOf = (judging: Promise<unknown>): Promise<string> =>
  judging.then(
    () => 'fine',
    (error: SciTokenError) => error.code,
  )
