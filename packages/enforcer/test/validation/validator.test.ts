import { inspect } from 'node:util'
import { SciToken, type SciTokenError, type VerifiedToken } from '@scitokens/core'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Validator, type ValidatorOptions } from '../../src/index.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

const validator = (options: ValidatorOptions = {}): Validator => new Validator({ clock: issuer.clock, ...options })

/** A token as verification leaves it, with any claims at all. */
async function verified(claims: object, profile: VerifiedToken['profile'] = 'scitoken:1.0'): Promise<VerifiedToken> {
  const now = issuer.clock()
  const own = { iss: issuer.issuer, exp: now + 600, iat: now - 5, scope: 'read:/', ...claims }
  const keySet = await issuer.keys.getKeySet(issuer.issuer)
  return { header: { alg: 'ES256' }, claims: own, issuer: issuer.issuer, profile, keySet }
}

const codeOf = (judging: Promise<unknown>): Promise<string> =>
  judging.then(
    () => 'fine',
    (error: SciTokenError) => error.code,
  )

test('a callback says yes or no to its claim', async () => {
  const judge = validator().addValidator('op', (value) => value === true)
  expect(await codeOf(judge.validate(await verified({ op: true })))).toBe('fine')
  await expect(judge.validate(await verified({ op: false }))).rejects.toMatchObject({
    code: 'invalid_claim',
    claim: 'op',
    actual: false,
  })
})

test('a refusal says which claim, what it was and what was expected', async () => {
  const judge = validator().addValidator('vo', (value) => value === 'ligo', { expected: 'the VO "ligo"' })
  await expect(judge.validate(await verified({ vo: 'virgo' }))).rejects.toMatchObject({
    claim: 'vo',
    actual: 'virgo',
    expected: 'the VO "ligo"',
    message: 'the claim "vo" is not accepted here, expected the VO "ligo"',
  })
})

test('a refused claim that holds a token is told without it, whatever its form', async () => {
  const token = await issuer.sign({ aud: 'x', scope: 'read:/' })
  const judge = validator().addValidator('vo', () => false, { expected: `not ${token}` })
  for (const vo of [token, { id: token }, [[token]], { [token]: { a: [token] } }]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    const error: SciTokenError = await judge.validate(await verified({ vo })).then(
      () => undefined as never,
      (refusal: SciTokenError) => refusal,
    )
    expect(error.code).toBe('invalid_claim')
    expect(inspect(error, { depth: 10 })).not.toContain(token.split('.')[2])
  }
})

test('of several callbacks for a claim all must say yes', async () => {
  const judge = validator()
    .addValidator('n', (value) => typeof value === 'number')
    .addValidator('n', async (value) => (value as number) > 5)
  expect(await codeOf(judge.validate(await verified({ n: 6 })))).toBe('fine')
  expect(await codeOf(judge.validate(await verified({ n: 5 })))).toBe('invalid_claim')
  expect(await codeOf(judge.validate(await verified({ n: '6' })))).toBe('invalid_claim')
})

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('no')
    },
  ],
  ['says 1', () => 1],
  ['says "yes"', () => 'yes'],
  ['says nothing', () => undefined],
  ['promises nothing', async () => undefined],
  ['promises a promise of no', async () => Promise.resolve(false)],
])('a callback that %s refuses the token', async (_what, callback) => {
  const judge = validator().addValidator('vo', callback as () => boolean)
  expect(await codeOf(judge.validate(await verified({ vo: 'ligo' })))).toBe('invalid_claim')
})

test('a callback is told the claim, the issuer, the profile, all claims and the time', async () => {
  const seen: unknown[] = []
  const judge = validator().addValidator('vo', (value, context) => {
    seen.push(value, context)
    return true
  })
  const token = await verified({ vo: 'ligo' })
  await judge.validate(token, issuer.clock() + 1)
  expect(seen).toEqual([
    'ligo',
    { claim: 'vo', issuer: issuer.issuer, profile: 'scitoken:1.0', claims: token.claims, now: issuer.clock() + 1 },
  ])
})

test('a 1.0 token with a claim that nobody judges is refused; other profiles ignore such claims', async () => {
  expect(await codeOf(validator().validate(await verified({ vo: 'ligo' })))).toBe('unknown_claim')
  for (const profile of ['scitoken:2.0', 'wlcg:1.x', 'at+jwt'] as const) {
    const judge = validator({ audience: 'a' })
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await codeOf(judge.validate(await verified({ vo: 'ligo', aud: 'a' }, profile)))).toBe('fine')
  }
})

test('unknown claims can be refused or ignored in every profile', async () => {
  const strict = validator({ audience: 'a', unknownClaims: 'refuse' })
  expect(await codeOf(strict.validate(await verified({ vo: 'ligo', aud: 'a' }, 'scitoken:2.0')))).toBe('unknown_claim')
  expect(await codeOf(strict.validate(await verified({ aud: 'a' }, 'scitoken:2.0')))).toBe('fine')
  const lenient = validator({ unknownClaims: 'ignore' })
  expect(await codeOf(lenient.validate(await verified({ vo: 'ligo' })))).toBe('fine')
})

test('an audience that nobody judges refuses the token in every profile', async () => {
  const token = await verified({ aud: 'a' }, 'scitoken:2.0')
  for (const options of [{}, { unknownClaims: 'ignore' }] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await codeOf(validator(options).validate(token))).toBe('unknown_claim')
  }
  expect(await codeOf(validator({ audience: 'a' }).validate(token))).toBe('fine')
  expect(await codeOf(validator({ audience: 'b' }).validate(token))).toBe('aud_mismatch')
  expect(await codeOf(validator({ audienceCheck: 'none' }).validate(token))).toBe('fine')
  expect(
    await codeOf(
      validator()
        .addValidator('aud', () => true)
        .validate(token),
    ),
  ).toBe('fine')
})

test('a critical claim must be there', async () => {
  const judge = validator().addValidator('vo', () => true, { critical: true })
  await expect(judge.validate(await verified({}))).rejects.toMatchObject({ code: 'missing_claim', claim: 'vo' })
  await expect(validator({ criticalClaims: ['sub'] }).validate(await verified({}))).rejects.toMatchObject({
    code: 'missing_claim',
    claim: 'sub',
  })
})

test('names that every object has are no claims', async () => {
  const judge = validator().addValidator('toString', () => true, { critical: true })
  expect(await codeOf(judge.validate(await verified({})))).toBe('missing_claim')
})

test('times are judged in any case, and cannot be overruled by a callback', async () => {
  const judge = validator().addValidator('exp', () => true)
  expect(await codeOf(judge.validate(await verified({ exp: issuer.clock() })))).toBe('expired')
  expect(await codeOf(judge.validate(await verified({ nbf: issuer.clock() + 120 })))).toBe('not_yet_valid')
  expect(await codeOf(judge.validate(await verified({ exp: undefined })))).toBe('missing_claim')
  expect(await codeOf(judge.validate(await verified({}), Number.NaN))).toBe('expired')
})

test('with a longest lifetime, a token that does not say when it began is refused', async () => {
  const judge = validator({ maxLifetime: 3600 })
  expect(await codeOf(judge.validate(await verified({})))).toBe('fine')
  const { iat: _iat, ...claims } = (await verified({})).claims
  expect(await codeOf(judge.validate({ ...(await verified({})), claims }))).toBe('missing_claim')
  // Issued long ago and valid from now on: it has lived since it was issued.
  const old = await verified({ iat: issuer.clock() - 7200, nbf: issuer.clock() })
  expect(await codeOf(judge.validate(old))).toBe('lifetime_too_long')
})

test('one validator serves many tokens at once and keeps nothing of them', async () => {
  const judge = validator().addValidator('n', async (value) => {
    await Promise.resolve()
    return (value as number) % 2 === 0
  })
  const tokens = await Promise.all(Array.from({ length: 40 }, (_, n) => verified({ n })))
  const answers = await Promise.all(tokens.map((token) => codeOf(judge.validate(token))))
  expect(answers).toEqual(tokens.map((_, n) => (n % 2 === 0 ? 'fine' : 'invalid_claim')))
})

test('a token that was made here was never verified', async () => {
  const token = new SciToken({ claims: { iss: issuer.issuer } })
  expect(await codeOf(validator().validate(token))).toBe('invalid_request')
})

test('a token from SciToken.deserialize can be validated', async () => {
  const text = await issuer.sign({ aud: 'a', scope: 'read:/', sub: 'ana' })
  const token = await SciToken.deserialize(text, { keys: issuer.keys })
  expect(await validator({ audience: 'a' }).validate(token)).toMatchObject({
    subject: 'ana',
    profile: 'scitoken:2.0',
    audience: ['a'],
  })
})

test('a validator needs a claim and a function', () => {
  expect(() => validator().addValidator('', () => true)).toThrow(expect.objectContaining({ code: 'config_error' }))
  expect(() => validator().addValidator('a', 'x' as never)).toThrow(expect.objectContaining({ code: 'config_error' }))
})
