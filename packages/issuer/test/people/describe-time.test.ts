import { expect, test } from 'vitest'
import { describeDuration, describeTime } from '../../src/people/describe-time.ts'

test.each([
  [1, '1 second'],
  [59, '59 seconds'],
  [60, '1 minute'],
  [61, '2 minutes'],
  [3600, '1 hour'],
  [5400, '2 hours'],
  [86_400, '1 day'],
  [86_401, '2 days'],
  [30 * 86_400, '30 days'],
])('%d seconds are told as %s: never less than it takes', (seconds, text) => {
  expect(describeDuration(seconds)).toBe(text)
})

test('a moment is told in UTC, and for programs as RFC 3339', () => {
  expect(describeTime(1_800_000_000).text).toBe(
    '<time datetime="2027-01-15T08:00:00.000Z">15 January 2027 at 08:00 UTC</time>',
  )
  expect(describeTime(1_800_057_600, 'day').text).toBe(
    '<time datetime="2027-01-16T00:00:00.000Z">16 January 2027</time>',
  )
})
