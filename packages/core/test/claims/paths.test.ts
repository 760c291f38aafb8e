import { expect, test } from 'vitest'
import { coversPath, encodeScopePath, type Path, parseRequestPath, parseScopePath } from '../../src/index.ts'
import { joinPath, relativePath, withoutTrailingSlash } from '../../src/internal.ts'
import { refusal } from '../refusal.ts'

test.each([
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/', '/a/'],
  ['///a//b///', '/a/b/'],
  ['/./a/./b', '/a/b'],
  ['/a/.', '/a/'],
  ['/.', '/'],
  ['/...', '/...'],
  ['/..a/b..', '/..a/b..'],
  ['/a/..;/b', '/a/..;/b'],
  ['/%41', '/A'],
  ['/a%20b', '/a b'],
  ['/100%25', '/100%'],
  ['/a%2520b', '/a%20b'],
  ['/%C3%a9', '/é'],
  ['/é', '/é'],
  ['/%F0%9F%8E%89', '/🎉'],
  ['/%7Euser', '/~user'],
  ['/a%3Fb%23', '/a?b#'],
  ['/a:b@c,d;e=f', '/a:b@c,d;e=f'],
  ['/e\u0301', '/e\u0301'],
])('a scope path %j and a request path alike are read as %j', (text, path) => {
  expect(parseScopePath(text)).toBe(path)
  expect(parseRequestPath(text)).toBe(path)
})

const REFUSED = [
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a\\b',
  '/\u0000',
  '/a%00',
  '/a%0a',
  '/a%1F',
  '/a%7F',
  '/a\u007f',
  '/a%C2%85',
  '/a\u0085',
  '/a\u2028',
  '/a%E2%80%A9',
  '/%',
  '/a%2',
  '/a%zz',
  '/a%%41',
  '/%FF',
  '/%C0%AE%C0%AE/b',
  '/%E0%80%AE',
  '/%ED%A0%80',
  '/\ud800',
  '/\udc00a',
  // what a second decoding would make something of
  '/%252e%252e/b',
  '/%252E./b',
  '/.%252e',
  '/%252e',
  '/a%252fb',
  '/a%255cb',
  '/a%2500',
  '/a%250a',
  '/a%257f',
  '/%25252525252e%252e/b',
  '/%25%32%65%25%32%65/',
  '/%25c0%25ae%25c0%25ae/b',
  '/a%25C2%2585',
  '/a%25FF',
]
test.each(REFUSED)('%j is refused, in a scope and in a request', async (text) => {
  expect(await refusal(() => parseScopePath(text))).toBe('not_acceptable invalid_scope')
  expect(await refusal(() => parseRequestPath(text))).toBe('invalid_request invalid_request')
})

test.each(['', 'a', 'a/b', '~/a', './a', '*', 'file:///a', undefined, null, 5, ['/']])(
  '%j is not absolute',
  async (text) => {
    expect(await refusal(() => parseScopePath(text as never))).toBe('not_acceptable invalid_scope')
    expect(await refusal(() => parseRequestPath(text as never))).toBe('invalid_request invalid_request')
  },
)

test.each(['/..', '/a/..', '/a/../b', '/../a', '/%2e%2e', '/a/%2E./b', '/a/.%2e', '/./..'])(
  '%j: in a scope ".." is refused, never resolved',
  async (text) => {
    expect(await refusal(() => parseScopePath(text))).toBe('not_acceptable invalid_scope')
  },
)

test.each([
  ['/a/../b', '/b'],
  ['/a/b/..', '/a/'],
  ['/a/b/../', '/a/'],
  ['/../../a', '/a'],
  ['/..', '/'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/./../b', '/b'],
  ['//a//..//b', '/b'],
])('in a request %j leads to %j, or is refused', async (text, path) => {
  expect(parseRequestPath(text)).toBe(path)
  expect(await refusal(() => parseRequestPath(text, { rejectDotSegments: true }))).toBe(
    'invalid_request invalid_request',
  )
})

test('a path that is decoded already is not decoded again', async () => {
  const decoded = { pathIsDecoded: true }
  expect(parseRequestPath('/100%', decoded)).toBe('/100%')
  expect(parseRequestPath('/a b', decoded)).toBe('/a b')
  expect(parseRequestPath('/a%20b', decoded)).toBe('/a%20b')
  for (const text of ['/%2e%2e/b', '/a%2fb', '/a%00', '/%c0%ae', '/a\\b', '/a\u0000']) {
    expect(await refusal(() => parseRequestPath(text, decoded))).toBe('invalid_request invalid_request')
  }
})

test('a caller may know that a path is a directory', () => {
  expect(parseRequestPath('/a', { isDirectory: true })).toBe('/a/')
  expect(parseRequestPath('/a/', { isDirectory: true })).toBe('/a/')
  expect(parseRequestPath('/', { isDirectory: true })).toBe('/')
})

test('however often somebody encoded, the answer does not take longer', async () => {
  // With the square of the length, this would not end today.
  for (const end of ['2e', '2f', '41']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    const answer = await refusal(() => parseScopePath(`/%${'25'.repeat(300_000)}${end}/..`))
    expect(answer).toBe('not_acceptable invalid_scope')
  }
}, 180_000)

test.each([
  ['/', '/', true],
  ['/', '/a', true],
  ['/a', '/a', true],
  ['/a', '/a/', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a/', '/a', false],
  ['/a/', '/a/', true],
  ['/a/', '/a/b', true],
  ['/a/b', '/a', false],
  ['/A', '/a', false],
  ['/é', '/e\u0301', false],
])('%s covers %s: %s', (a, b, expected) => {
  expect(coversPath(a as Path, b as Path)).toBe(expected)
})

test.each([
  ['/cms', '/store/', '/cms/store/'],
  ['/cms/', '/store', '/cms/store'],
  ['/', '/a', '/a'],
  ['/cms', '/', '/cms'],
  ['/', '/', '/'],
])('%s with %s below it is %s', (base, path, joined) => {
  expect(joinPath(base as Path, path as Path)).toBe(joined)
})

test.each([
  ['/cms', '/cms/store', '/store'],
  ['/cms', '/cms', '/'],
  ['/cms', '/cms/', '/'],
  ['/cms', '/cmsx', undefined],
  ['/cms', '/', undefined],
  ['/', '/a', '/a'],
  ['/', '/', '/'],
])('relative to %s, %s is %s', (base, path, relative) => {
  expect(relativePath(base as Path, path as Path)).toBe(relative)
})

test('a path is encoded so that it is read again as it is', () => {
  for (const path of ['/', '/a b', '/é/🎉', '/100%', '/a?b#c[d]', '/a"<>^`{|}', "/-._~!$&'()*+,;=:@"]) {
    expect(encodeScopePath(path as Path)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(parseScopePath(encodeScopePath(path as Path))).toBe(path)
  }
})

test('a trailing slash can be taken off, but not the root', () => {
  expect(['/a/', '/a', '/'].map((path) => withoutTrailingSlash(path as Path))).toEqual(['/a', '/a', '/'])
})
