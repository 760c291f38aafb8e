import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renewalTime } from '../../src/manager/renewal.ts'

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
