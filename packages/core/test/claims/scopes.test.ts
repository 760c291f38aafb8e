import { expect, test } from 'vitest'
import { coveredByAny, needsPath } from '../../src/internal.ts'
import {
  covers,
  formatScope,
  formatScopes,
  intersectScopes,
  minimalScopes,
  parseScope,
  parseScopes,
} from '../../src/index.ts'
import { normalizeScopeClaim } from '../../src/claims/scopes.ts'
import { refusal } from '../refusal.ts'

const list = (claim: string): string[] => parseScopes(claim).scopes.map(formatScope)

test('a claim is a list of authorizations, in order, each once', () => {
  expect(parseScopes('write:/b read:/a queue read:/a')).toEqual({
    scopes: [
      { authz: 'write', path: '/b', hasPath: true },
      { authz: 'read', path: '/a', hasPath: true },
      { authz: 'queue', path: '/', hasPath: false },
    ],
    selectors: [],
  })
  expect(list('read://a/ read:/a/ read:/%61/')).toEqual(['read:/a/'])
})

test('scopes whose names have one hash are told apart, and each is there once', () => {
  // "Aa" and "BB" have the same hash of the kind that the scanner makes.
  expect(list('read:/Aa read:/BB read:/Aa read:/x read:/BB Aa BB Aa read:/%41a')).toEqual([
    'read:/Aa',
    'read:/BB',
    'read:/x',
    'Aa',
    'BB',
  ])
  expect(parseScopes('aud:x openid aud:x openid:/a openid:/a').selectors).toEqual(['aud:x', 'openid', 'openid:/a'])
})

test('spaces separate, however many; nothing is no authorization', () => {
  expect(list('  read:/a   write:/b ')).toEqual(['read:/a', 'write:/b'])
  expect(list('')).toEqual([])
  expect(list('   ')).toEqual([])
})

test('the first colon separates; later ones belong to the path', () => {
  expect(parseScope('read:/a:b')).toEqual({ authz: 'read', path: '/a:b', hasPath: true })
})

test('authorizations are case-sensitive names', () => {
  expect(list('Read queue2')).toEqual(['Read', 'queue2'])
})

test.each([
  'openid',
  'offline_access',
  'wlcg',
  'wlcg:1.0',
  'wlcg.groups',
  'wlcg.groups:/cms',
  'wlcg.capabilityset:/x',
  'aud:https://x',
  'urn:mace:x',
  'https://scitokens.org/v1/authz/read:/x',
  'x:nonslash',
])('%s selects or identifies, and grants nothing', async (item) => {
  expect(parseScopes(item)).toEqual({ scopes: [], selectors: [item] })
  expect(await refusal(() => parseScope(item))).toBe('not_acceptable invalid_scope')
})

test('the URI form can be accepted on request', () => {
  const options = { acceptUriScopes: true }
  expect(parseScopes('https://scitokens.org/v1/authz/read:/x', options).scopes.map(formatScope)).toEqual(['read:/x'])
  expect(parseScopes('https://scitokens.org/v2/authz/read:/x', options).scopes).toEqual([])
})

test.each([
  'read',
  'read:',
  'write',
  'storage.read',
  'storage.modify:',
  'storage.stage:x',
  'read:foo',
  'read:./foo',
  'read:read:/foo',
  ':/a',
  ':',
  'read:/a/..',
  'queue:/a/%2e%2e/b',
  'read:/a%2fb',
  'read:/a\\b',
  'read:/a\u0000',
  'read:/a\tread:/b',
  'read:/a\nb',
  'read:/a\u00a0b',
  'read:/a\u2028b',
  'read:/%zz',
  'read:/%C0%AE',
  'a"b',
  'a\\b:/x',
  'read:/\ud800',
])('%j spoils the claim, wherever it stands', async (item) => {
  for (const claim of [item, `${item} queue`, `queue ${item}`]) {
    expect(await refusal(() => parseScopes(claim))).toBe('not_acceptable invalid_scope')
    expect(await refusal(() => normalizeScopeClaim(claim))).toBe('not_acceptable invalid_scope')
  }
})

test('a claim that is no string is no claim', async () => {
  for (const claim of [['read:/a'], 5, null, {}]) {
    expect(await refusal(() => parseScopes(claim as never))).toBe('not_acceptable invalid_claim')
  }
  expect(await refusal(() => parseScope(5 as never))).toBe('not_acceptable invalid_scope')
  expect(await refusal(() => parseScope('read:/a read:/b'))).toBe('not_acceptable invalid_scope')
  expect(await refusal(() => parseScope(''))).toBe('not_acceptable invalid_scope')
})

test('the authorizations of both profiles for files need a path, others do not', () => {
  expect(['read', 'write', 'storage.read', 'storage.create', 'storage.stage', 'storage.future'].every(needsPath)).toBe(
    true,
  )
  expect(['queue', 'execute', 'compute.read', 'Read', 'toString'].some(needsPath)).toBe(false)
})

test('a scope is written percent-encoded', () => {
  const text = formatScopes([
    { ...parseScope('read:/'), path: '/a b/é/100%/?#[]"^`{|}~:@!' as never },
    parseScope('queue'),
  ])
  expect(text).toBe('read:/a%20b/%C3%A9/100%25/%3F%23%5B%5D%22%5E%60%7B%7C%7D~:@! queue')
  expect(formatScopes(parseScopes(text).scopes)).toBe(text)
})

test.each([
  ['read:/a', 'read:/a', true],
  ['read:/a', 'read:/a/b', true],
  ['read:/a', 'read:/a/', true],
  ['read:/a/', 'read:/a', false],
  ['read:/a', 'read:/ab', false],
  ['read:/a/b', 'read:/a', false],
  ['read:/a', 'write:/a', false],
  ['read:/', 'read:/a', true],
  ['queue', 'queue:/a', true],
  ['queue', 'queue', true],
  ['queue:/', 'queue', false],
  ['storage.modify:/a', 'storage.create:/a/b', true],
  ['storage.create:/a', 'storage.modify:/a', false],
  ['storage.stage:/a', 'storage.poll:/a', true],
  ['storage.stage:/a', 'storage.read:/a', false],
  ['storage.modify:/a', 'storage.read:/a', false],
])('%s covers %s: %s', (a, b, expected) => {
  expect(covers(parseScope(a), parseScope(b))).toBe(expected)
  expect(coveredByAny([parseScope('other'), parseScope(a)], parseScope(b))).toBe(expected)
  expect(coveredByAny([], parseScope(b))).toBe(false)
})

test.each([
  ['read:/a write:/b', 'read:/a/c write:/', 'read:/a/c write:/b'],
  ['read:/a', 'read:/b', ''],
  ['read:/a', 'read:/ab', ''],
  ['storage.modify:/a', 'storage.create:/a/b storage.modify:/a/c', 'storage.create:/a/b storage.modify:/a/c'],
  ['queue', 'queue:/x', 'queue:/x'],
  ['read:/', 'read:/a read:/a/b', 'read:/a'],
  ['read:/a/', 'read:/a', 'read:/a/'],
])('%j and %j have %j in common', (a, b, common) => {
  const both = [parseScopes(a).scopes, parseScopes(b).scopes] as const
  expect(formatScopes(intersectScopes(both[0], both[1]))).toBe(common)
  expect(formatScopes(intersectScopes(both[1], both[0])).split(' ').toSorted()).toEqual(common.split(' ').toSorted())
})

test.each([
  ['read:/a read:/a/b write:/a', 'read:/a write:/a'],
  ['read:/a/b read:/a', 'read:/a'],
  ['queue:/x queue', 'queue'],
  ['storage.create:/a storage.modify:/', 'storage.modify:/'],
  ['', ''],
])('the shortest list for %j is %j', (claim, minimal) => {
  expect(formatScopes(minimalScopes(parseScopes(claim).scopes))).toBe(minimal)
})
