import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/internal.ts'

test('what was neither read nor set for longest goes first', () => {
  const map = new BoundedMap<string, number>({ maxEntries: 3 })
  for (const [value, key] of ['a', 'b', 'c'].entries()) map.set(key, value)
  expect(map.get('a')).toBe(0)
  map.set('b', 11)
  map.set('d', 3)
  expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([0, 11, undefined, 3])
  expect(map.size).toBe(3)
})

test('when everything was read, something goes all the same', () => {
  const map = new BoundedMap<number, number>({ maxEntries: 2 })
  map.set(1, 1)
  map.set(2, 2)
  map.get(1)
  map.get(2)
  map.set(3, 3)
  expect(map.size).toBe(2)
  expect(map.get(3)).toBe(3)
})

test('values weigh what they are said to weigh when they are set', () => {
  const map = new BoundedMap<string, string>({ maxEntries: 10, maxWeight: 6, weigh: (value) => value.length })
  map.set('a', 'xxx')
  map.set('b', 'xxx')
  expect(map.weight).toBe(6)
  map.set('c', 'x')
  expect([map.get('a'), map.get('b'), map.get('c'), map.weight]).toEqual([undefined, 'xxx', 'x', 4])
  map.set('b', 'x')
  expect(map.weight).toBe(2)
  expect([map.delete('b'), map.delete('b'), map.weight]).toEqual([true, false, 1])
})

test('a value that is too heavy is not held, nor is what it was to replace, nor one whose weight is no number', () => {
  const map = new BoundedMap<string, number>({ maxEntries: 10, maxWeight: 5, weigh: (value) => value })
  map.set('a', 5)
  map.set('a', 6)
  expect([map.get('a'), map.size, map.weight]).toEqual([undefined, 0, 0])
  map.set('b', Number.NaN)
  expect([map.size, map.weight]).toEqual([0, 0])
})

test('undefined is a value, and clear forgets all', () => {
  const map = new BoundedMap<string, undefined>({ maxEntries: 1 })
  map.set('a', undefined)
  expect(map.size).toBe(1)
  map.clear()
  expect([map.size, map.weight]).toEqual([0, 0])
})

test.each([
  [{ maxEntries: 0 }],
  [{ maxEntries: 1.5 }],
  [{ maxEntries: Number.NaN }],
  [{ maxEntries: 1, maxWeight: 0 }],
  [{ maxEntries: 1, maxWeight: Number.NaN }],
])('%o: limits under which nothing can be held are config_error', (limits) => {
  expect(() => new BoundedMap(limits)).toThrow(expect.objectContaining({ code: 'config_error' }))
})

const steps = fc.array(fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.nat(9), fc.nat(9)))

test('it never holds more than it may, and only what was set last', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const map = new BoundedMap<number, number>({ maxEntries: 4, maxWeight: 12, weigh: (value) => value })
      const lastSet = new Map<number, number>()
      for (const [what, key, value] of all) {
        if (what === 'set') map.set(key, value)
        if (what === 'set') lastSet.set(key, value)
        if (what === 'delete') map.delete(key)
        if (what === 'get') map.get(key)
        const held = Array.from({ length: 10 }, (_, k) => ({ k, weight: map.get(k) })).filter(
          ({ weight }) => weight !== undefined,
        )
        expect(held.every(({ k, weight }) => weight === lastSet.get(k))).toBe(true)
        expect(map.size).toBe(held.length)
        expect(map.size).toBeLessThanOrEqual(4)
        expect(map.weight).toBe(held.reduce((sum, { weight }) => sum + weight!, 0))
        expect(map.weight).toBeLessThanOrEqual(12)
      }
    }),
  )
})
