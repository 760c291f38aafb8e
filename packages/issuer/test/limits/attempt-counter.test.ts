import { expect, test } from 'vitest'
import { AttemptCounter } from '../../src/limits/attempt-counter.ts'

test('a window begins with the first attempt of a key, and the next attempt after its end begins another', () => {
  let now = 0
  const counter = new AttemptCounter({ windowMs: 60_000, keys: 10, nowMs: () => now })
  expect(counter.count('a')).toEqual({ attempts: 1, endsInSeconds: 60 })
  now = 30_500
  expect(counter.count('b')).toEqual({ attempts: 1, endsInSeconds: 60 })
  expect(counter.count('a')).toEqual({ attempts: 2, endsInSeconds: 30 })
  now = 59_999
  expect(counter.count('a')).toEqual({ attempts: 3, endsInSeconds: 1 })
  now = 60_000
  expect(counter.count('a')).toEqual({ attempts: 1, endsInSeconds: 60 })
})

test('only so many are counted at a time; the longest unseen is forgotten first', () => {
  const counter = new AttemptCounter({ windowMs: 60_000, keys: 3, nowMs: () => 0 })
  const count = (key: string): number => counter.count(key).attempts
  expect(['a', 'b', 'c', 'a', 'd'].map(count)).toEqual([1, 1, 1, 2, 1])
  // "b" made room for "d".
  expect(['a', 'c', 'd', 'b'].map(count)).toEqual([3, 2, 2, 1])
})
