import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backOff, renewalTime } from '../../src/index.ts'

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a token is renewed between 45 % and 55 % of its life, whatever the dice say', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 1e6 }), share, (issued, life, dice) => {
      const after = renewalTime(issued, issued + life, () => dice) - issued
      expect(after).toBeGreaterThanOrEqual(life * 0.45 - 1e-6)
      expect(after).toBeLessThanOrEqual(life * 0.55 + 1e-6)
    }),
  )
})

test('a token that has expired when it comes is due at once', () => {
  expect(renewalTime(1000, 900, () => 0.9)).toBe(1000)
})

test('back-off grows, never beyond ten minutes by itself, and never below what the issuer asks for within an hour', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.option(fc.integer({ min: 0, max: 1e9 })),
      share,
      (failures, asked, dice) => {
        const wait = backOff(failures, asked ?? undefined, () => dice)
        const longest = Math.min(600, 5 * 2 ** Math.min(failures - 1, 20))
        expect(wait).toBeGreaterThanOrEqual(longest / 2)
        expect(wait).toBeGreaterThanOrEqual(Math.min(asked ?? 0, 3600))
        expect(wait).toBeLessThanOrEqual(Math.max(longest, Math.min(asked ?? 0, 3600)))
      },
    ),
  )
})
