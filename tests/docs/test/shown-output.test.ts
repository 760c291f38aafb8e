import { expect, test } from 'vitest'
import { isAsShown } from './shown-output.ts'

test('output is compared to the letter, apart from white space at the end', () => {
  expect(isAsShown('a\nb\n', 'a \nb\n\n')).toBe(true)
  expect(isAsShown('a\nb', 'a\nc')).toBe(false)
  expect(isAsShown('a', 'a\nb')).toBe(false)
  expect(isAsShown('a.b', 'axb')).toBe(false)
})

test('an ellipsis stands for text within a line', () => {
  expect(isAsShown('port … open', 'port 4711 open')).toBe(true)
  expect(isAsShown('port … open', 'port 4711\nopen')).toBe(false)
})

test('an ellipsis on a line of its own stands for lines', () => {
  expect(isAsShown('a\n…\nd', 'a\nb\nc\nd')).toBe(true)
  expect(isAsShown('a\n…\nd', 'a\nd')).toBe(true)
  expect(isAsShown('a\n…\nd', 'a\nb\nc')).toBe(false)
})
