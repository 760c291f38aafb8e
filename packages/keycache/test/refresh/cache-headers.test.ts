import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { freshnessOf } from '../../src/refresh/cache-headers.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z') / 1000

test.each([
  [{}, undefined],
  [{ 'cache-control': 'max-age=1200' }, 1200],
  [{ 'cache-control': 'public, Max-Age = "1200"' }, 1200],
  [{ 'cache-control': 'max-age=1200', age: '200' }, 1000],
  [{ 'cache-control': 'max-age=100', age: '200' }, 0],
  [{ 'cache-control': 'no-store, max-age=1200' }, 0],
  [{ 'cache-control': 'no-cache' }, 0],
  [{ 'cache-control': 'max-age=soon' }, 0],
  [{ 'cache-control': 'max-age=-5' }, 0],
  [{ 'cache-control': 'max-age=60, max-age=9999' }, 60],
  [{ 'cache-control': 'public' }, undefined],
  [{ expires: 'Thu, 01 Jan 2026 01:00:00 GMT' }, 3600],
  [{ expires: 'Thu, 01 Jan 2026 01:00:00 GMT', date: 'Thu, 01 Jan 2026 00:30:00 GMT' }, 1800],
  [{ expires: '0' }, 0],
  [{ expires: 'never' }, 0],
  [{ 'cache-control': 'max-age=60', expires: 'Thu, 01 Jan 2026 01:00:00 GMT' }, 60],
])('the freshness of %o is %s seconds', (headers, expected) => {
  expect(freshnessOf(headers, NOW)).toBe(expected)
})

test('whatever a server sends, freshness is undefined or a number that is not negative', () => {
  fc.assert(
    fc.property(
      fc.record({ 'cache-control': fc.string(), age: fc.string(), expires: fc.string(), date: fc.string() }),
      (headers) => {
        const freshness = freshnessOf(headers, NOW)
        expect(freshness === undefined || freshness >= 0).toBe(true)
      },
    ),
  )
})
