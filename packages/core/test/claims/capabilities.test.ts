import { expect, test } from 'vitest'
import { authorizationMode, authorizationsFor } from '../../src/internal.ts'
import {
  findPermission,
  findOperationPermission,
  formatScope,
  parseRequestPath,
  parseScopes,
  type ProfileName,
  STORAGE_OPERATIONS,
} from '../../src/index.ts'
import { refusal } from '../refusal.ts'

const ask = (claim: string, authz: string, path?: string, profile: ProfileName = 'wlcg:1.x', compat = false): boolean =>
  findPermission(
    parseScopes(claim).scopes,
    { authz, path: path === undefined ? undefined : parseRequestPath(path) },
    { profile, scitokensCppCompat: compat },
  ) !== undefined

// WLCG profile 1.3 section 2.2.1, and what the SciTokens words for the same are.
test.each([
  ['storage.read', ['storage.read', 'read']],
  ['storage.create', ['storage.create', 'create']],
  ['storage.modify', ['storage.modify', 'modify', 'storage.create', 'create', 'write']],
  ['storage.stage', ['storage.stage', 'stage', 'storage.poll', 'poll']],
  ['storage.poll', ['storage.poll', 'poll']],
  ['storage.write', ['storage.write']],
])('in a WLCG token %s grants %j, below its path only', (authz, granted) => {
  const names = ['read', 'write', 'create', 'modify', 'stage', 'poll'].flatMap((name) => [name, `storage.${name}`])
  expect(names.filter((name) => ask(`${authz}:/a`, name, '/a/b')).toSorted()).toEqual(granted.toSorted())
  expect(names.filter((name) => ask(`${authz}:/a`, name, '/ab'))).toEqual([])
})

test('in other profiles a name means itself', () => {
  for (const profile of ['scitoken:1.0', 'scitoken:2.0', 'at+jwt'] as const) {
    expect(ask('storage.modify:/a', 'storage.modify', '/a', profile)).toBe(true)
    for (const other of ['write', 'create', 'storage.create']) {
      expect(ask('storage.modify:/a', other, '/a', profile)).toBe(false)
    }
  }
})

test('names as scitokens-cpp translates them are given on request only', () => {
  expect(ask('storage.create:/a', 'write', '/a')).toBe(false)
  expect(ask('storage.create:/a', 'write', '/a', 'wlcg:1.x', true)).toBe(true)
  const all = 'compute.create compute.modify compute.cancel'
  expect(ask(all, 'condor', '/WRITE')).toBe(false)
  expect(ask(all, 'condor', '/WRITE', 'wlcg:1.x', true)).toBe(true)
  expect(ask(all, 'condor', '/READ', 'wlcg:1.x', true)).toBe(false)
  expect(ask('compute.create compute.modify', 'condor', '/WRITE', 'wlcg:1.x', true)).toBe(false)
  expect(ask('compute.read', 'condor', '/READ', 'wlcg:1.x', true)).toBe(true)
  expect(ask(all, 'condor', '/WRITE', 'scitoken:2.0', true)).toBe(false)
})

test('an authorization without path holds everywhere, and where no path is asked for', () => {
  expect(ask('queue', 'queue')).toBe(true)
  expect(ask('queue', 'queue', '/any')).toBe(true)
  expect(ask('queue:/x', 'queue')).toBe(false)
  expect(ask('queue:/x', 'queue', '/x')).toBe(true)
  expect(ask('', 'queue')).toBe(false)
})

test('a question must be one', async () => {
  expect(await refusal(() => ask('read:/', ''))).toBe('invalid_request invalid_request')
  expect(await refusal(() => ask('', '', '/'))).toBe('invalid_request invalid_request')
  expect(await refusal(() => ask('read:/', undefined as never, '/'))).toBe('invalid_request invalid_request')
  expect(await refusal(() => ask('read:/', 'read'))).toBe('invalid_request invalid_request')
  expect(await refusal(() => ask('storage.stage:/', 'storage.stage'))).toBe('invalid_request invalid_request')
})

test('the grant that is told is the first of the claim that says yes', () => {
  const { scopes } = parseScopes('write:/ read:/a/b read:/a')
  const path = parseRequestPath('/a/b/c')
  expect(formatScope(findPermission(scopes, { authz: 'read', path }, { profile: 'scitoken:2.0' })!)).toBe('read:/a/b')
})

test('capabilities win over groups', () => {
  const mode = (claim: string): string => authorizationMode(parseScopes(claim).scopes)
  expect(mode('storage.read:/a')).toBe('capability')
  expect(mode('openid compute.read')).toBe('capability')
  expect(mode('openid wlcg.groups')).toBe('groups')
  expect(mode('')).toBe('groups')
})

const may = (claim: string, operation: string, path = '/a/f', to?: string): boolean =>
  findOperationPermission(
    parseScopes(claim).scopes,
    {
      operation: operation as never,
      path: parseRequestPath(path),
      ...(to === undefined ? {} : { to: parseRequestPath(to) }),
    },
    { profile: 'wlcg:1.x' },
  ) !== undefined

test.each([
  ['storage.read:/a', 'stat read list'],
  ['storage.create:/a', 'stat createFile mkdir'],
  ['storage.modify:/a', 'stat createFile mkdir overwrite truncate delete'],
  ['storage.stage:/a', 'stat stage evict poll'],
  ['storage.poll:/a', 'poll'],
  ['read:/a', 'stat read list'],
  ['write:/a', 'stat createFile mkdir overwrite truncate delete'],
  ['compute.read openid', ''],
])('%s lets these be done: %s', (claim, expected) => {
  const done = STORAGE_OPERATIONS.filter((operation) => operation !== 'rename' && may(claim, operation))
  expect(done.join(' ')).toBe(expected)
  expect(STORAGE_OPERATIONS.filter((operation) => may(claim, operation, '/ab/f', '/ab/g'))).toEqual([])
})

test('a rename needs both ends', () => {
  expect(may('storage.create:/a', 'rename', '/a/f', '/a/g')).toBe(true)
  expect(may('storage.create:/a', 'rename', '/a/f', '/b/g')).toBe(false)
  expect(may('storage.create:/a', 'rename', '/b/f', '/a/g')).toBe(false)
  expect(may('storage.create:/a storage.create:/b', 'rename', '/a/f', '/b/g')).toBe(true)
  expect(may('storage.read:/a', 'rename', '/a/f', '/a/g')).toBe(false)
  expect(may('storage.create:/a', 'rename', '/a/f')).toBe(false)
})

test('what may create a file may make the directories that lead to it, as directories only', () => {
  expect(may('storage.create:/foo/bar', 'mkdir', '/foo')).toBe(true)
  expect(may('storage.create:/foo/bar', 'mkdir', '/foo/')).toBe(true)
  expect(may('storage.create:/foo/bar', 'createFile', '/foo')).toBe(false)
  expect(may('storage.create:/foo/bar', 'mkdir', '/fo')).toBe(false)
  expect(may('storage.create:/foo/bar', 'mkdir', '/foo/baz')).toBe(false)
  expect(may('storage.create:/foo/', 'mkdir', '/foo')).toBe(true)
  expect(may('storage.read:/foo/bar', 'mkdir', '/foo')).toBe(false)
})

test('each operation tells which authorizations would do', () => {
  for (const operation of STORAGE_OPERATIONS) {
    if (operation === 'rename') continue
    for (const authz of authorizationsFor(operation)) expect(may(`${authz}:/a`, operation)).toBe(true)
  }
})
