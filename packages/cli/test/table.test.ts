import { expect, test } from 'vitest'
import { alignColumns } from '../src/table.ts'

test('columns stand below each other by the room that text takes on a terminal, not by its length in memory', () => {
  const rows = [
    ['name', 'group'],
    ['山田', '/cms'],
    // Two code points, one character.
    ['Jose\u0301', '/lhcb'],
    ['Ana', '/belle'],
  ]
  expect(alignColumns(rows).split('\n')).toEqual(['name  group', '山田  /cms', 'Jose\u0301  /lhcb', 'Ana   /belle'])
})

test('nothing is left behind the last column', () => {
  expect(
    alignColumns([
      ['a', 'long one'],
      ['b', 'x'],
    ]),
  ).toBe('a  long one\nb  x')
})
