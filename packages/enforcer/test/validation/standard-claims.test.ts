import type { SciTokenError, VerifiedToken } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { Enforcer, Validator, type ValidatorOptions } from '../../src/index.ts'

const issuer = await createTestIssuer()
const now = issuer.clock()
const keySet = await issuer.keys.getKeySet(issuer.issuer)
const { issuer: iss } = issuer

/** What a validator makes of these claims. */
function judge(
  claims: object,
  options: ValidatorOptions = {},
  profile: VerifiedToken['profile'] = 'scitoken:1.0',
): Promise<string> {
  const own = { iss, exp: now + 600, scope: 'read:/', ...claims }
  const validator = new Validator({ clock: issuer.clock, audienceCheck: 'none', ...options })
  return validator.validate({ header: {}, claims: own, issuer: iss, profile, keySet }).then(
    () => 'fine',
    (error: SciTokenError) => `${error.code} ${error.claim}`,
  )
}

test.each<[string, object, ValidatorOptions, string]>([
  ['a token that begins in a minute', { nbf: now + 60 }, {}, 'fine'],
  ['a token that begins later', { nbf: now + 61 }, {}, 'not_yet_valid nbf'],
  ['a token that will be issued in a minute', { iat: now + 60 }, {}, 'fine'],
  ['a token that will be issued later', { iat: now + 61 }, {}, 'not_yet_valid iat'],
  ['one second too early, without grace', { nbf: now + 1 }, { clockTolerance: 0 }, 'not_yet_valid nbf'],
  ['the last second', { exp: now + 1 }, {}, 'fine'],
  ['the moment of exp', { exp: now }, {}, 'expired exp'],
  ['the moment of exp, with all the grace there is', { exp: now }, { clockTolerance: 300 }, 'expired exp'],
  ['exp: 0, which is a time', { exp: 0 }, {}, 'expired exp'],
  ['a token that ends as it begins', { nbf: now, exp: now }, {}, 'invalid_claim exp'],
  ['a lifetime of just as long as is accepted', { iat: now, exp: now + 3600 }, { maxLifetime: 3600 }, 'fine'],
  ['a second more', { iat: now - 1, nbf: now, exp: now + 3600 }, { maxLifetime: 3600 }, 'lifetime_too_long exp'],
])('times: %s', async (_what, claims, options, expected) => {
  expect(await judge(claims, options)).toBe(expected)
})

test.each(['1', true, null, [now], {}, -1, 253_402_300_800, Number.NaN, Infinity])('a time is no %j', async (time) => {
  for (const claim of ['exp', 'nbf', 'iat']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await judge({ [claim]: time })).toBe(`invalid_claim ${claim}`)
  }
})

test.each([-1, 301, Number.NaN, '60' as never])('no grace is %s seconds', (clockTolerance) => {
  expect(() => new Validator({ clockTolerance })).toThrow('clockTolerance must be a number of seconds from 0 to 300')
})

test('a strict validator asks for every claim that the document of the profile requires, a lenient one for those that decide', async () => {
  const complete = { sub: 'ana', aud: 'x', nbf: now, iat: now, jti: 'one', client_id: 'c', ver: 'v', 'wlcg.ver': '1.0' }
  const required = {
    'scitoken:1.0': { strict: ['iss', 'exp', 'nbf', 'scope'], lenient: ['iss', 'exp', 'scope'] },
    'scitoken:2.0': {
      strict: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'ver'],
      lenient: ['iss', 'exp', 'iat', 'aud', 'scope'],
    },
    'wlcg:1.x': {
      strict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'wlcg.ver', 'scope'],
      lenient: ['iss', 'exp', 'iat', 'aud', 'scope'],
    },
    'at+jwt': {
      strict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope'],
      lenient: ['iss', 'exp', 'iat', 'aud', 'scope'],
    },
  } as const
  for (const [profile, names] of Object.entries(required)) {
    for (const [manner, expected] of Object.entries(names)) {
      const asked = new Set<string>()
      for (const name of ['iss', 'exp', 'scope', ...Object.keys(complete)]) {
        const options = { strict: manner === 'strict', unknownClaims: 'ignore' as const }
        // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
        const answer = await judge({ ...complete, [name]: undefined }, options, profile as VerifiedToken['profile'])
        expect(['fine', `missing_claim ${name}`]).toContain(answer)
        if (answer !== 'fine') asked.add(name)
      }
      expect(asked, `${profile}, ${manner}`).toEqual(new Set(expected))
    }
  }
})

test.each(['', 'x'.repeat(256), 'ané'])('a strict validator of WLCG tokens takes no sub like %j', async (sub) => {
  const claims = { sub, aud: 'x', iat: now, jti: 'one', 'wlcg.ver': '1.0' }
  expect(await judge(claims, { strict: true }, 'wlcg:1.x')).toBe('invalid_claim sub')
  expect(await judge(claims, {}, 'wlcg:1.x')).toBe('fine')
})

test('scp stands in for a missing scope where it is asked for, and never adds to one', async () => {
  const enforcer = new Enforcer({ issuers: iss, keys: issuer.keys, audienceCheck: 'none', acceptScp: true })
  const aclsOf = async (claims: object): Promise<unknown> => {
    const decision = await enforcer.decide(await issuer.sign({ aud: 'x', ...claims }), { authz: 'queue' })
    return decision.token ? enforcer.generateAcls(decision.token) : !decision.allowed && decision.code
  }
  expect(await aclsOf({ scp: ['read:/a', 'queue'] })).toEqual([
    ['read', '/a'],
    ['queue', '/'],
  ])
  expect(await aclsOf({ scp: 'read:/a queue' })).toHaveLength(2)
  expect(await aclsOf({ scope: 'read:/b', scp: 'queue' })).toEqual([['read', '/b']])
  // An item with a space would become two.
  for (const scp of [['read:/a queue'], 5, ['queue', 5]]) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await aclsOf({ scp })).toBe('invalid_claim')
  }
  expect(await judge({ scope: undefined, scp: 'queue' })).toBe('missing_claim scope')
})

test('the audience is one of the names of this server, and no wildcard of ours', async () => {
  const decide = async (aud: string | string[], audience: string | string[]): Promise<boolean> => {
    const enforcer = new Enforcer({ issuers: iss, keys: issuer.keys, audience })
    return (await enforcer.decide(await issuer.sign({ aud, scope: 'queue' }), { authz: 'queue' })).allowed
  }
  expect(await decide('https://a.example', 'https://a.example')).toBe(true)
  expect(await decide(['x', 'https://b.example'], ['https://a.example', 'https://b.example'])).toBe(true)
  expect(await decide('ANY', 'https://a.example')).toBe(true)
  expect(await decide('https://a.example/', 'https://a.example')).toBe(false)
  expect(() => new Enforcer({ issuers: iss, keys: issuer.keys, audience: 'ANY' })).toThrow(/ANY/)
  expect(() => new Enforcer({ issuers: iss, keys: issuer.keys })).toThrow(/audienceCheck/)
})

test('a token that is longer than the site wants is refused before anybody asks for keys', async () => {
  const token = await issuer.sign({ aud: 'x', scope: 'queue' })
  let asked = 0
  const keys = { getKeySet: () => (asked++, keySet) }
  for (const cache of [{}, false] as const) {
    const enforcer = (maxTokenLength: number): Enforcer =>
      new Enforcer({ issuers: iss, keys, audience: 'x', maxTokenLength, cache })
    // oxlint-disable-next-line no-await-in-loop -- with the cache, then without
    const decision = await enforcer(token.length - 1).decide(token, { authz: 'queue' })
    expect(decision).toMatchObject({ allowed: false, code: 'too_large' })
    expect(asked).toBe(0)
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await enforcer(token.length).decide(token, { authz: 'queue' })).toMatchObject({ allowed: true })
    asked = 0
  }
})
