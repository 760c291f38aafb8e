import { expect, test } from 'vitest'
import { ANY_AUDIENCE, PROFILES, WLCG_ANY_AUDIENCE } from '../../src/index.ts'
import { audienceMatches, checkOwnAudiences, parseAudience } from '../../src/internal.ts'
import { refusal } from '../refusal.ts'

test('an audience is a string or a list of strings', () => {
  expect(parseAudience('https://se.example')).toEqual(['https://se.example'])
  expect(parseAudience(['a', 'b'])).toEqual(['a', 'b'])
  expect(parseAudience('a b')).toEqual(['a b'])
})

test.each([[['a', 5]], [5], [null], [{ a: 1 }], [[['a']]], [true]])('%j is refused', async (value) => {
  expect(await refusal(() => parseAudience(value as never))).toBe('not_acceptable invalid_claim')
})

test('names are compared to the letter', () => {
  const ours = ['https://se.example', 'https://se.example:443']
  const matches = (aud: string): boolean => audienceMatches([aud], ours, 'scitoken:2.0')
  expect(matches('https://se.example')).toBe(true)
  for (const other of ['https://se.example/', 'HTTPS://se.example', 'http://se.example', 'se.example', '']) {
    expect(matches(other)).toBe(false)
  }
  expect(audienceMatches(['x', 'https://se.example'], ours, 'scitoken:2.0')).toBe(true)
  expect(audienceMatches([], ours, 'scitoken:2.0')).toBe(false)
})

test('each profile has its own word for every server', () => {
  const accepted = (aud: string): string[] => PROFILES.filter((profile) => audienceMatches([aud], ['x'], profile))
  expect(accepted(ANY_AUDIENCE)).toEqual(['scitoken:2.0'])
  expect(accepted(WLCG_ANY_AUDIENCE)).toEqual(['wlcg:1.x'])
  for (const other of ['any', 'Any', `${WLCG_ANY_AUDIENCE}/`]) expect(accepted(other)).toEqual([])
  expect(audienceMatches([ANY_AUDIENCE], ['x'], 'scitoken:1.0', true)).toBe(true)
  expect(audienceMatches([ANY_AUDIENCE], ['x'], 'wlcg:1.x', true)).toBe(false)
})

test.each([[[]], [['']], [[ANY_AUDIENCE]], [['a', WLCG_ANY_AUDIENCE]], [[5]]])(
  'a server cannot call itself %j',
  async (own) => {
    expect(await refusal(() => checkOwnAudiences(own as string[]))).toBe('config config_error')
  },
)
