import { expect, it } from 'vitest'
import { type Need } from '../../../src/http/index.ts'
import { needFinder, parseRoute, pathOfRoute } from '../../../src/internal.ts'

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

const needOf = (
  path: string | ((request: string) => string) | undefined,
  pathIsDecoded: boolean | undefined,
): ((request: string) => Need) =>
  needFinder<string>({ authz: ['read'], path, pathIsDecoded }, (request) => `/url${request}`)

it('takes the path of the URL as it came, unless the app says another', () => {
  expect(needOf(undefined, undefined)('/a%20b')).toEqual({ authz: ['read'], path: '/url/a%20b' })
  expect(needOf('/fixed', undefined)('/a%20b')).toEqual({ authz: ['read'], path: '/fixed' })
})

it('takes a path that an app found as decoded, unless it might not be', () => {
  const found = (request: string): string => request
  expect(needOf(found, undefined)('/a b')).toEqual({ authz: ['read'], path: '/a b', pathIsDecoded: true })
  expect(needOf(found, false)('/a%20b')).toEqual({ authz: ['read'], path: '/a%20b', pathIsDecoded: false })
  expect(needOf(found, undefined)('/100%')).toEqual({ authz: ['read'], path: '/100%', pathIsDecoded: true })
  expect(() => needOf(found, undefined)('/a%20b')).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})
