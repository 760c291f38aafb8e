import { expect, test } from 'vitest'
import { backOff, isWaiting } from '../../src/internal.ts'

const LIMITS = { first: 1, longest: 300 }
const MOST = 1 - Number.EPSILON

test('waits double with each failure, up to the longest', () => {
  expect([1, 2, 3, 9, 10, 11].map((failures) => Math.round(backOff(failures, LIMITS, () => MOST)))).toEqual([
    1, 2, 4, 256, 300, 300,
  ])
})

test('they are spread over their upper half', () => {
  expect([backOff(3, LIMITS, () => 0), backOff(3, LIMITS, () => 0.5)]).toEqual([2, 3])
})

test('no number of failures makes them endless, nothing, or no number', () => {
  for (const failures of [0, -5, 61, 1e6, Number.MAX_SAFE_INTEGER]) {
    const wait = backOff(failures, LIMITS, () => 0)
    expect(wait).toBeGreaterThanOrEqual(0.5)
    expect(wait).toBeLessThanOrEqual(300)
  }
})

test('what the other side asks for makes a wait longer, up to its own limit, and never shorter', () => {
  expect(backOff(3, LIMITS, () => 0, 100)).toBe(100)
  expect(backOff(3, LIMITS, () => 0, 1)).toBe(2)
  expect(backOff(3, LIMITS, () => 0, 100_000)).toBe(300)
  expect(backOff(3, { ...LIMITS, longestAsked: 3600 }, () => 0, 100_000)).toBe(3600)
})

test('a wait lasts until its time, unless it is longer than any wait may be', () => {
  expect(isWaiting(110, 100, 60)).toBe(true)
  expect(isWaiting(100, 100, 60)).toBe(false)
  expect(isWaiting(160, 100, 60)).toBe(true)
  expect(isWaiting(161, 100, 60)).toBe(false)
  expect(isWaiting(Number.NaN, 100, 60)).toBe(false)
})
