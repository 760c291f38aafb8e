import { expect, test } from 'vitest'
import { checkProfiles, profileRules } from '../../src/internal.ts'
import { type JsonObject, PROFILES } from '../../src/index.ts'
import { detectProfile } from '../../src/claims/profiles.ts'
import { SET_BY_SIGNING } from '../../src/token/sign.ts'
import { refusal } from '../refusal.ts'

test.each<[string, JsonObject, string]>([
  ['jwt', {}, 'scitoken:1.0'],
  ['jwt', { ver: 'scitoken:1.0' }, 'scitoken:1.0'],
  ['jwt', { ver: 'scitokens:1.0' }, 'scitoken:1.0'],
  ['jwt', { ver: 'scitoken:2.0' }, 'scitoken:2.0'],
  ['jwt', { ver: 'scitokens:2.0' }, 'scitoken:2.0'],
  ['jwt', { 'wlcg.ver': '1.0' }, 'wlcg:1.x'],
  ['jwt', { 'wlcg.ver': '1.3' }, 'wlcg:1.x'],
  ['jwt', { 'wlcg.ver': '1.99' }, 'wlcg:1.x'],
  ['at+jwt', {}, 'at+jwt'],
  ['at+jwt', { ver: 'scitoken:2.0' }, 'scitoken:2.0'],
  ['at+jwt', { 'wlcg.ver': '1.0' }, 'wlcg:1.x'],
])('typ %s with %j is %s', (typ, claims, profile) => {
  expect(detectProfile(typ, claims)).toBe(profile)
})

test.each<[string, JsonObject, string]>([
  ['jwt', { ver: 'scitoken:2.1' }, 'unsupported_version'],
  ['jwt', { ver: 'SciToken:2.0' }, 'unsupported_version'],
  ['jwt', { ver: '1.0' }, 'unsupported_version'],
  ['jwt', { ver: '' }, 'unsupported_version'],
  ['jwt', { ver: 'toString' }, 'unsupported_version'],
  ['jwt', { ver: 'scitoken-chain:1.0' }, 'unsupported_version'],
  ['jwt', { ver: 1 }, 'invalid_claim'],
  ['jwt', { ver: true }, 'invalid_claim'],
  ['jwt', { ver: ['scitoken:2.0'] }, 'invalid_claim'],
  ['jwt', { ver: null }, 'invalid_claim'],
  ['jwt', { 'wlcg.ver': '2.0' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': '0.9' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': '1' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': '01.0' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': '1.0.0' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': '1.0 ' }, 'unsupported_version'],
  ['jwt', { 'wlcg.ver': 1 }, 'invalid_claim'],
  ['jwt', { ver: 'scitoken:2.0', 'wlcg.ver': '1.0' }, 'profile_mismatch'],
  ['jwt', { ver: 'scitoken:2.0', 'wlcg.ver': '9.9' }, 'profile_mismatch'],
  ['jose', {}, 'profile_mismatch'],
  ['dpop+jwt', {}, 'profile_mismatch'],
  ['secevent+jwt', { ver: 'scitoken:2.0' }, 'profile_mismatch'],
  ['scitoken-chain+jwt', { ver: 'scitoken:2.0' }, 'chain_not_accepted'],
])('typ %s with %j is refused: %s', async (typ, claims, code) => {
  expect(await refusal(() => detectProfile(typ, claims))).toBe(`not_acceptable ${code}`)
})

test('compat stands for all profiles; a list is taken as it is', async () => {
  expect(checkProfiles('compat')).toEqual(PROFILES)
  expect(checkProfiles(['wlcg:1.x'])).toEqual(['wlcg:1.x'])
  for (const wrong of [[], ['wlcg:1.0'], ['toString'], 'scitoken:2.0', undefined]) {
    expect(await refusal(() => checkProfiles(wrong as never))).toBe('config config_error')
  }
})

test('only 1.0 refuses claims that it does not know; only WLCG insists on kid and may do without scope', () => {
  const names = (pick: (rules: ReturnType<typeof profileRules>) => unknown): string[] =>
    PROFILES.filter((profile) => pick(profileRules(profile)))
  expect(names((rules) => rules.knownClaims)).toEqual(['scitoken:1.0'])
  expect(names((rules) => rules.kidRequired)).toEqual(['wlcg:1.x'])
  expect(names((rules) => rules.scopeOptional)).toEqual(['wlcg:1.x'])
  expect(names((rules) => rules.required.includes('aud'))).toEqual(['scitoken:2.0', 'wlcg:1.x', 'at+jwt'])
  for (const profile of PROFILES) {
    const { required, requiredWhenStrict } = profileRules(profile)
    expect(requiredWhenStrict).toEqual(expect.arrayContaining([...required]))
  }
})

test.each(PROFILES)('%s: what is signed by its rules is read as it, in every spelling', (profile) => {
  const { name, typ, version, needsNoVersion, requiredToSign, required } = profileRules(profile)
  expect(name).toBe(profile)
  expect(version !== undefined || needsNoVersion).toBe(true)
  expect(version?.written === undefined || version.isRead(version.written)).toBe(true)
  const claims = version?.written === undefined ? {} : { [version.claim]: version.written }
  expect(detectProfile(typ.toLowerCase(), claims)).toBe(profile)
  // What a reader demands is there: given by who signs, or set by signing.
  expect(required.filter((claim) => !requiredToSign.includes(claim) && !SET_BY_SIGNING.includes(claim))).toEqual([])
})

test('of the tokens that name no version, each type is of one profile', () => {
  const types = PROFILES.map(profileRules)
    .filter(({ needsNoVersion }) => needsNoVersion)
    .map(({ typ }) => typ)
  expect(new Set(types).size).toBe(types.length)
})
