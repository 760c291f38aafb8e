import { describe, expect, it } from 'vitest'
import { parseContentRange, parseRange } from '../src/ranges.ts'

describe('Range', () => {
  it.each([
    ['bytes=0-4', 10, { start: 0, end: 4 }],
    ['bytes=5-', 10, { start: 5, end: 9 }],
    ['bytes=-3', 10, { start: 7, end: 9 }],
    ['bytes=-30', 10, { start: 0, end: 9 }],
    ['bytes=8-100', 10, { start: 8, end: 9 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
  ])('%s of %i bytes', (header, size, expected) => {
    expect(parseRange(header, size)).toEqual(expected)
  })

  it.each([
    undefined,
    '',
    'bytes=5-4',
    'bytes=0-1,4-5',
    'lines=0-4',
    'bytes=a-b',
    'bytes=--5',
    'bytes=-',
    `bytes=${'9'.repeat(40)}-`,
  ])('what is none, or need not be followed, means everything: %j', (header) => {
    expect(parseRange(header, 10)).toBeUndefined()
  })
})

describe('Content-Range', () => {
  it('names a part, or asks how much is there', () => {
    expect(parseContentRange('bytes 0-4/10')).toEqual({ part: { start: 0, end: 4 }, total: 10 })
    expect(parseContentRange('bytes */10')).toEqual({ part: undefined, total: 10 })
  })

  it.each(['bytes 0-4/*', 'bytes 5-4/10', 'bytes 0-10/10', 'lines 0-4/10', 'bytes 0-4'])('refuses %j', (header) => {
    expect(parseContentRange(header)).toBeUndefined()
  })
})
