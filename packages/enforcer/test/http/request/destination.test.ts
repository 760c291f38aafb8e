import { expect, it } from 'vitest'
import { destinationPath } from '../../../src/http/index.ts'

const options = { hosts: ['data.example:8443'], prefix: '/dav/' }

it.each([
  ['/dav/a%20b', '/a%20b'],
  ['https://data.example:8443/dav/a', '/a'],
  ['HTTP://DATA.example:8443/dav/', '/'],
  ['/dav/../x', '/../x'],
])('finds the path in %s, as it came', (header, path) => {
  expect(destinationPath(header, options)).toBe(path)
})

it('there is none without the header', () => {
  expect(destinationPath(undefined, options)).toBeUndefined()
})

it.each([
  'https://data.example/dav/a',
  'https://evil.example/dav/a',
  'https://data.example:8443@evil.example/dav/a',
  'ftp://data.example:8443/dav/a',
  '//data.example:8443/dav/a',
  '/davies/a',
  '/dav',
  '/other/a',
  'dav/a',
  '/dav/a?b',
  '/dav/a#b',
  '',
])('refuses %j', (header) => {
  expect(() => destinationPath(header, options)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})

it('refuses two of them', () => {
  expect(() => destinationPath(['/dav/a', '/dav/b'], options)).toThrow(/more than one/)
})
