import { expect, it } from 'vitest'
import { foundPath, parseRoute, pathOfRoute, scopeQuestion } from '../../src/http/index.ts'

it.each([
  ['/status', '/STATUS/', '/status'],
  ['/data/*', '/data/a//b', '/data/a//b'],
  ['/data/*path', '/data/', '/data/'],
  ['/{*path}', '/x', '/x'],
  ['*', '/x', '/x'],
])('the route %s, asked for as %s, serves %s', (pattern, path, served) => {
  expect(pathOfRoute(parseRoute(pattern), path)).toBe(served)
})

it.each(['/data/*', '/data/*path'])('refuses a request that spells %s in another way', (pattern) => {
  for (const path of ['/DATA/x', '/%64ata/x', '//data/x', '/data']) {
    expect(() => pathOfRoute(parseRoute(pattern), path)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  }
})

it.each(['/:name', '/a/:vo/*', '/(a|b)', '/a*b/c', '/a?', /x/, ['/a', '/b'], undefined])(
  'does not guess which part of %s is a path',
  (pattern) => {
    expect(() => pathOfRoute(parseRoute(pattern), '/a')).toThrow(expect.objectContaining({ code: 'config_error' }))
  },
)

it('knows what stands before a wildcard', () => {
  expect(parseRoute('/data/*').literal).toBe('/data/')
  expect(parseRoute('/data').literal).toBe('/data')
})

it('reads what an app asks for', () => {
  expect(scopeQuestion('read')).toEqual({ authz: ['read'], path: undefined })
  expect(scopeQuestion('read:/a:b')).toEqual({ authz: ['read'], path: '/a:b' })
  expect(scopeQuestion(['read', 'storage.read'])).toEqual({ authz: ['read', 'storage.read'], path: undefined })
})

it('takes a path that an app found as decoded, unless it might not be', () => {
  expect(foundPath('/a b', undefined)).toEqual({ path: '/a b', pathIsDecoded: true })
  expect(foundPath('/a%20b', false)).toEqual({ path: '/a%20b', pathIsDecoded: false })
  expect(foundPath('/100%', undefined)).toEqual({ path: '/100%', pathIsDecoded: true })
  expect(() => foundPath('/a%20b', undefined)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})
