import fc from 'fast-check'
import { expect, test } from 'vitest'
import { waitAfter } from '../../src/oauth/back-off.ts'

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('back-off grows, never beyond ten minutes by itself, and never below what the issuer asks for within an hour', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.option(fc.integer({ min: 0, max: 1e9 })),
      share,
      (failures, asked, dice) => {
        const wait = waitAfter(failures, asked ?? undefined, () => dice)
        const longest = Math.min(600, 5 * 2 ** Math.min(failures - 1, 20))
        expect(wait).toBeGreaterThanOrEqual(longest / 2)
        expect(wait).toBeGreaterThanOrEqual(Math.min(asked ?? 0, 3600))
        expect(wait).toBeLessThanOrEqual(Math.max(longest, Math.min(asked ?? 0, 3600)))
      },
    ),
  )
})
