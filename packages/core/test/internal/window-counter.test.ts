import { expect, test } from 'vitest'
import { WindowCounter } from '../../src/internal.ts'

function counter(maxKeys = 10): { readonly counts: WindowCounter; readonly at: (time: number) => void } {
  let now = 1000
  return {
    counts: new WindowCounter({ window: 60, maxKeys, clock: () => now }),
    at: (time) => {
      now = time
    },
  }
}

test('a window begins with what is counted first, and ends as a whole', () => {
  const { counts, at } = counter()
  expect(counts.add('a')).toEqual({ count: 1, left: 60 })
  at(1059)
  expect(counts.add('a')).toEqual({ count: 2, left: 1 })
  expect(counts.of('a')).toEqual({ count: 2, left: 1 })
  expect(counts.of('b')).toEqual({ count: 0, left: 0 })
  at(1060)
  expect(counts.of('a')).toEqual({ count: 0, left: 0 })
  expect(counts.add('a')).toEqual({ count: 1, left: 60 })
})

test('keys are counted apart, and can be forgotten', () => {
  const { counts } = counter()
  counts.add('a')
  counts.add('a')
  expect(counts.add('b').count).toBe(1)
  counts.forget('a')
  expect([counts.of('a').count, counts.of('b').count]).toEqual([0, 1])
})

test('a window may have a length of its own', () => {
  const { counts, at } = counter()
  expect(counts.add('a', 5)).toEqual({ count: 1, left: 5 })
  expect(counts.add('a', 50)).toEqual({ count: 2, left: 5 })
  at(1005)
  expect(counts.add('a', 50)).toEqual({ count: 1, left: 50 })
})

test('who comes with ever new keys does not fill the memory, and who is counted on is not forgotten for them', () => {
  const { counts } = counter(3)
  for (let key = 0; key < 100; key++) {
    counts.add(`flood ${key}`)
    counts.add('a')
  }
  expect(counts.of('a').count).toBe(100)
  expect(counts.of('flood 0').count).toBe(0)
})

test('a clock that is set back begins anew, and one that tells no number goes on counting', () => {
  const { counts, at } = counter()
  counts.add('a')
  at(999)
  expect(counts.of('a').count).toBe(0)
  expect(counts.add('a').count).toBe(1)
  at(Number.NaN)
  expect(counts.add('a').count).toBe(2)
})
