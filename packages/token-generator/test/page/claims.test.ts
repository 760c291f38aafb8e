import { SAMPLES } from '../../src/tokens/samples.ts'
import { describe, expect, test } from 'vitest'
import { claimNotes, type ClaimNote, type Surroundings } from '../../page/src/claim-notes.ts'
import { formOf, withForm } from '../../page/src/form-claims.ts'
import { dateOf, distance, span } from '../../page/src/moments.ts'
import { profileOf } from '../../page/src/profile-of.ts'
import { readParts } from '../../page/src/read-parts.ts'
import { pageService } from './page-service.ts'

const NOW = 1_800_000_000
const where: Surroundings = {
  profile: 'scitoken:2.0',
  issuers: ['https://vo.example'],
  audience: 'https://se.example',
  now: NOW,
}
const good = {
  ver: 'scitoken:2.0',
  iss: 'https://vo.example',
  sub: 'ana',
  aud: 'https://se.example',
  scope: 'read:/store',
  exp: NOW + 545,
  iat: NOW - 60,
  nbf: NOW - 60,
  jti: 'one',
}
const noteOn = (name: string, value: unknown, more: Partial<Surroundings> = {}): ClaimNote | undefined =>
  claimNotes({ ...good, [name]: value as never }, { ...where, ...more }).find((note) => note.name === name)

describe('times', () => {
  test.each([
    [545, '9 min 5 s'],
    [59, '59 s'],
    [600, '10 min'],
    [3660, '1 h 1 min'],
    [0.4, '0 s'],
    [20 * 86_400, '20 d'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(span(seconds)).toBe(text)
  })

  test('a moment is told by its distance and as a date', () => {
    expect([distance(NOW + 540, NOW), distance(NOW - 3, NOW), distance(NOW, NOW)]).toEqual([
      'in 9 min',
      '3 s ago',
      'now',
    ])
    expect(dateOf(NOW, 'en')).toMatch(/2027/)
    expect([dateOf('x'), dateOf(1e300)]).toEqual([undefined, undefined])
  })
})

describe('what is said about each claim', () => {
  test('a good token has nothing bad', () => {
    expect(claimNotes(good, where).filter(({ verdict }) => verdict === 'bad')).toEqual([])
    expect(noteOn('exp', NOW + 540)?.reason).toBe('expires in 9 min')
  })

  test.each([
    ['exp', NOW - 1, /expired 1 s ago/],
    ['exp', 'tomorrow', /must be a number/],
    ['nbf', NOW + 3600, /not valid before: in 1 h/],
    ['iat', NOW + 3600, /in the future/],
    ['iss', 'https://other.example', /not an issuer that is trusted/],
    ['aud', 'https://other.example', /calls itself https:\/\/se\.example/],
    ['aud', 5, /aud must be/],
    ['scope', ['read:/x'], /must be one text/],
    ['scope', 'read:/a/../b', /"\.\."/],
    ['wlcg.ver', '1.0', /one version claim/],
    ['jti', 7, /must be text/],
    ['cnf', {}, /bound to a key/],
  ])('%s = %j is bad: %s', (name, value, reason) => {
    expect(noteOn(name, value)).toMatchObject({ verdict: 'bad', reason: expect.stringMatching(reason) })
  })

  test('the same claim is judged by the profile', () => {
    expect(noteOn('color', 'red')).toMatchObject({ verdict: 'none' })
    expect(noteOn('color', 'red', { profile: 'scitoken:1.0' })).toMatchObject({ verdict: 'bad' })
    expect(noteOn('aud', 'ANY')).toMatchObject({ verdict: 'good' })
    expect(noteOn('aud', 'ANY', { profile: 'wlcg:1.x' })).toMatchObject({ verdict: 'bad' })
    expect(noteOn('wlcg.groups', ['/vo'])).toMatchObject({ verdict: 'none' })
    expect(noteOn('wlcg.groups', ['/vo'], { profile: 'wlcg:1.x' })).toMatchObject({ verdict: 'good' })
  })

  test('claims that are missing are named', () => {
    const missing = claimNotes({ ver: 'scitoken:2.0' }, where).filter(({ value }) => value === 'missing')
    expect(missing.map(({ name }) => name)).toEqual(['iss', 'exp', 'iat', 'aud', 'scope'])
  })

  // The enforcer finds the first fault, the notes all of them: they must never say less.
  test.each(SAMPLES.filter(({ code }) => code !== undefined && !['bad_signature', 'scope_denied'].includes(code)))(
    'where the enforcer refuses claims, the notes say why: $name',
    async ({ make, code }) => {
      const { context, service } = await pageService()
      const token = await make(context)
      const { header, claims } = readParts(token)
      if (!claims.value) {
        // There is nothing to be noted; the part itself says what is wrong with it.
        expect([code, claims.problem]).toEqual(['malformed_token', 'the payload is not a JSON object'])
        return
      }
      const isOfClaims = [
        'expired',
        'not_yet_valid',
        'missing_claim',
        'invalid_claim',
        'invalid_scope',
        'untrusted_issuer',
        'unsupported_version',
        'profile_mismatch',
        'aud_mismatch',
        'proof_missing',
      ].includes(code!)
      const notes = claimNotes(claims.value, {
        profile: profileOf(header.value!, claims.value),
        issuers: service.issuers,
        audience: context.audience,
        now: context.now,
      })
      expect(notes.some(({ verdict }) => verdict === 'bad')).toBe(isOfClaims)
    },
  )
})

describe('the form', () => {
  test('shows the usual claims, and changes only those', () => {
    const claims = { ...good, 'wlcg.groups': ['/a', '/b'], color: 'red' }
    const form = formOf(claims)
    expect(form).toEqual({ sub: 'ana', aud: 'https://se.example', scope: 'read:/store', groups: '/a /b' })
    expect(withForm(claims, form)).toEqual(claims)
    expect(withForm(claims, { ...form, aud: 'a  b', groups: '' })).toMatchObject({ aud: ['a', 'b'], color: 'red' })
    expect(withForm(claims, { ...form, groups: ' ' })).not.toHaveProperty('wlcg.groups')
  })

  test('claims of another type are left empty, not shown as something else', () => {
    expect(formOf({ sub: 5, aud: { a: 1 }, scope: ['x'] })).toEqual({ sub: '', aud: '', scope: '', groups: '' })
  })
})
