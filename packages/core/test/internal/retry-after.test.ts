import { expect, test } from 'vitest'
import { formatRetryAfter, readRetryAfter } from '../../src/internal.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0) / 1000

test.each([
  ['120', 120],
  [' 0 ', 0],
  ['99999999999999999999', 2 ** 31],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37],
  ['Sun Nov  6 08:49:37 1994 GMT', 37],
  ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
])('%j is %d seconds', (value, seconds) => {
  expect(readRetryAfter(value, NOW)).toBe(seconds)
})

test.each([[undefined], [null], [''], ['soon'], ['-1'], ['1.5'], ['1e3'], ['2024'.padEnd(5, '-')], ['Sun, never']])(
  '%j says nothing',
  (value) => {
    expect(readRetryAfter(value, NOW)).toBeUndefined()
  },
)

test('what is sent is whole seconds, and at least one', () => {
  expect([0, 0.2, 1, 59.1, Infinity].map(formatRetryAfter)).toEqual(['1', '1', '1', '60', '2147483648'])
})
