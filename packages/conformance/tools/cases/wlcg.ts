import { allow, type CaseDefinition, deny, error, invalid, oneOf, test } from '../case-kit.ts'
import type { CaseRequest } from '../../src/index.ts'

const RULE = 'WLCG profile 1.3 §2.2.1'
const GROUPS = 'WLCG profile 1.3 §2.2.2'

const op = (operation: string, path: string, more: Partial<CaseRequest> = {}): CaseRequest => ({
  op: 'operation',
  operation,
  path,
  ...more,
})
const rename = (from: string, to: string): CaseRequest => ({ op: 'operation', operation: 'rename', from, to })

const OPERATIONS = ['stat', 'read', 'createFile', 'mkdir', 'overwrite', 'truncate', 'delete', 'evict'] as const
/** What each capability lets be done, by the profile. */
const MATRIX: Readonly<Record<string, readonly string[]>> = {
  'storage.read': ['stat', 'read'],
  'storage.create': ['stat', 'createFile', 'mkdir'],
  'storage.modify': ['stat', 'createFile', 'mkdir', 'overwrite', 'truncate', 'delete'],
  'storage.stage': ['stat', 'evict'],
  'storage.poll': [],
}
// These the adopted cases have already.
const KNOWN = new Set([
  'storage.create delete',
  'storage.create overwrite',
  'storage.create createFile',
  'storage.modify delete',
  'storage.modify overwrite',
  'storage.poll stat',
  'storage.create stat',
])

const matrix: readonly CaseDefinition[] = Object.entries(MATRIX).flatMap(([authz, may]) =>
  OPERATIONS.filter((operation) => !KNOWN.has(`${authz} ${operation}`)).map((operation) => ({
    id: `${authz.replace('.', '-')}-${operation.toLowerCase()}`,
    title: `${authz} ${may.includes(operation) ? 'lets' : 'does not let'} its holder do ${operation}`,
    source: RULE,
    kind: 'wlcg' as const,
    claims: { scope: `${authz}:/a` },
    request: op(operation, '/a/x'),
    expect: may.includes(operation) ? allow() : deny(),
  })),
)

const scitokens: readonly CaseDefinition[] = (
  [
    ['read', 'read', true],
    ['read', 'stat', true],
    ['read', 'createFile', false],
    ['read', 'delete', false],
    ['write', 'createFile', true],
    ['write', 'overwrite', true],
    ['write', 'delete', true],
    ['write', 'mkdir', true],
    ['write', 'read', false],
    ['queue', 'read', false],
  ] as const
).map(([authz, operation, allowed]) => ({
  id: `scitoken-${authz}-${operation.toLowerCase()}`,
  title: `${authz} in a SciToken ${allowed ? 'lets' : 'does not let'} its holder do ${operation}`,
  source: 'SciTokens Claims: read and write',
  claims: { scope: `${authz}:/a` },
  request: op(operation, '/a/x'),
  expect: allowed ? allow() : deny(),
}))

const operations: readonly CaseDefinition[] = [
  ...(
    [
      ['storage.create:/a', '/a/x', '/a/y', true, 'inside its area'],
      ['storage.modify:/a', '/a/x', '/a/y', true, 'with storage.modify'],
      ['storage.create:/a storage.create:/b', '/a/x', '/b/y', true, 'between two areas'],
      ['storage.create:/a', '/a/x', '/b/y', false, 'not out of its area'],
      ['storage.create:/a', '/b/x', '/a/y', false, 'not into its area from elsewhere'],
      ['storage.create:/a', '/a/x', '/ab/y', false, 'not to a sibling'],
      ['storage.create:/a', '/a/x', '/a/../b', false, 'not out of its area by ..'],
      ['storage.read:/a', '/a/x', '/a/y', false, 'not with storage.read'],
      ['storage.stage:/a', '/a/x', '/a/y', false, 'not with storage.stage'],
      ['storage.create:/a storage.read:/b', '/b/x', '/a/y', false, 'reading the source is not enough'],
    ] as const
  ).map(([scope, from, to, allowed, what], index) => ({
    id: `rename-${index + 1}`,
    title: `renaming: ${what}`,
    source: RULE,
    kind: 'wlcg' as const,
    claims: { scope },
    request: rename(from, to),
    expect: allowed ? allow() : deny(),
  })),
  ...(
    [
      ['storage.create:/foo/bar', '/foo/', true, 'a parent with a slash'],
      ['storage.modify:/foo/bar', '/foo', true, 'a parent with storage.modify'],
      ['storage.create:/foo/bar/baz', '/foo', true, 'a grandparent'],
      ['storage.create:/foo/bar', '/foo/bar', true, 'the directory itself'],
      ['storage.create:/foo/bar', '/foo/bar/x', true, 'a directory below'],
      ['storage.create:/foo/bar', '/fo', false, 'no name that begins like a parent'],
      ['storage.create:/foo/bar', '/foo/barn', false, 'no sibling'],
      ['storage.read:/foo/bar', '/foo', false, 'no parent with storage.read'],
      ['storage.stage:/foo/bar', '/foo', false, 'no parent with storage.stage'],
    ] as const
  ).map(([scope, path, allowed, what], index) => ({
    id: `mkdir-${index + 1}`,
    title: `making directories: ${what}`,
    source: RULE,
    kind: 'wlcg' as const,
    claims: { scope },
    request: op('mkdir', path),
    expect: allowed ? allow() : deny(),
  })),
  {
    id: 'create-exact-file',
    title: 'storage.create for a file lets exactly that file be made',
    source: RULE,
    kind: 'wlcg',
    claims: { scope: 'storage.create:/foo/bar' },
    request: op('createFile', '/foo/bar'),
    expect: allow(),
  },
  {
    id: 'delete-parent',
    title: 'nobody deletes the parent of a modify scope',
    source: RULE,
    kind: 'wlcg',
    claims: { scope: 'storage.modify:/foo/bar' },
    request: op('delete', '/foo'),
    expect: deny(),
  },
  {
    id: 'read-by-traversal',
    title: 'an operation is judged by where its path leads',
    source: 'RFC 3986 §6',
    kind: 'wlcg',
    claims: { scope: 'storage.read:/a' },
    request: op('read', '/a/%2e%2e/b'),
    expect: oneOf(['deny', 'error'], 'scope_denied', 'invalid_request'),
  },
  ...(
    [
      ['relative', op('read', 'a/x'), 'a relative path'],
      ['no-path', { op: 'operation', operation: 'read' }, 'no path'],
      ['unknown', op('teleport', '/a/x'), 'an unknown operation'],
      ['prototype', op('constructor', '/a/x'), 'an operation called like a method'],
      ['rename-no-target', { op: 'operation', operation: 'rename', from: '/a/x' }, 'a rename without target'],
      ['rename-relative', rename('/a/x', 'y'), 'a rename to a relative path'],
    ] as const
  ).map(([id, request, what]) => ({
    id: `operation-${id}`,
    title: `${what} in the question is an error`,
    source: 'a typed error, never a stray exception',
    kind: 'wlcg' as const,
    claims: { scope: 'storage.modify:/a storage.read:/a' },
    request,
    expect: error(),
  })),
]

const names: readonly CaseDefinition[] = [
  ...(
    [
      ['storage.read', 'write'],
      ['storage.read', 'storage.modify'],
      ['storage.create', 'storage.read'],
      ['storage.create', 'read'],
      ['storage.create', 'storage.modify'],
      ['storage.modify', 'storage.read'],
      ['storage.modify', 'storage.stage'],
      ['storage.stage', 'storage.read'],
      ['storage.stage', 'storage.create'],
      ['storage.poll', 'storage.stage'],
      ['storage.poll', 'storage.read'],
      ['storage.poll', 'read'],
      ['storage.write', 'write'],
      ['storage', 'storage.read'],
      ['compute.create', 'compute.cancel'],
      ['compute.modify', 'compute.create'],
      ['compute.read', 'execute'],
    ] as const
  ).map(([has, asked]) => ({
    id: `${has.replace('.', '-')}-is-not-${asked.replace('.', '-')}`,
    title: `${has} is not ${asked}`,
    source: RULE,
    kind: 'wlcg' as const,
    claims: { scope: `${has}:/a` },
    request: test(asked, '/a'),
    expect: deny(),
  })),
  {
    id: 'stage-since-1.0',
    title: 'storage.stage does not read, whatever wlcg.ver says',
    source: 'WLCG profile 1.3: applies regardless of wlcg.ver',
    kind: 'wlcg',
    claims: { 'wlcg.ver': '1.3', scope: 'storage.stage:/a' },
    request: test('storage.read', '/a'),
    expect: deny(),
  },
  ...(
    [
      ['storage.create:/a', 'write', '/a/x', true],
      ['storage.create:/a', 'read', '/a/x', false],
      ['storage.create:/a', 'write', '/ab', false],
      ['storage.modify:/a', 'write', '/a/x', true],
      ['compute.read', 'condor', '/READ', true],
      ['compute.create', 'condor', '/WRITE', false],
    ] as const
  ).map(([scope, authz, path, allowed], index) => ({
    id: `cpp-names-${index + 1}`,
    title: `with the names of scitokens-cpp ${scope} ${allowed ? 'is' : 'is not'} ${authz}:${path}`,
    source: 'scitokens-cpp: translation of names',
    kind: 'wlcg' as const,
    claims: { scope },
    request: test(authz, path),
    enforcer: { scitokensCppCompat: true },
    expect: allowed ? allow() : deny(),
  })),
  {
    id: 'cpp-names-scitoken',
    title: 'names are translated in WLCG tokens only',
    source: 'scitokens-cpp: translation of names',
    claims: { scope: 'storage.create:/a' },
    request: test('write', '/a'),
    enforcer: { scitokensCppCompat: true },
    expect: deny(),
  },
]

const groups: readonly CaseDefinition[] = [
  ...[null, 5, { a: '/cms' }, ['/cms', 5], [['/cms']], true].map((value, index) => ({
    id: `groups-type-${index + 1}`,
    title: `wlcg.groups ${JSON.stringify(value)} is refused: a list of strings`,
    source: GROUPS,
    kind: 'wlcg' as const,
    claims: { 'wlcg.groups': value },
    request: { op: 'group', group: '/cms' },
    expect: invalid('invalid_claim'),
  })),
  ...(
    [
      [['/cms'], '/cmsx', 'a longer name'],
      [['/cms'], '/cm', 'a shorter name'],
      [['/cms'], '/cms/', 'a slash at its end'],
      [['/cms'], 'cms', 'no slash in front'],
      [['/cms'], '/cms/../cms', 'dot segments'],
      [['/cms'], '', 'the empty name'],
      [['/cms'], '/', 'the root'],
      [['cms'], '/cms', 'a name in the token that the grammar does not have'],
      [['/cms '], '/cms', 'a space in the token'],
      [['/cms//prod'], '/cms/prod', 'an empty component in the token'],
      [[], '/cms', 'an empty list'],
      [['/__proto__'], '__proto__', 'a name that every object has'],
    ] as const
  ).map(([has, group, what], index) => ({
    id: `not-in-group-${index + 1}`,
    title: `${what}: ${JSON.stringify(has)} is not ${JSON.stringify(group)}`,
    source: GROUPS,
    kind: 'wlcg' as const,
    claims: { 'wlcg.groups': has },
    request: { op: 'group', group },
    expect: oneOf(['deny', 'error', 'invalid'], 'group_denied', 'scope_denied', 'invalid_request', 'invalid_claim'),
  })),
  {
    id: 'group-beside-odd-one',
    title: 'a name outside the grammar does not spoil the others',
    source: GROUPS,
    kind: 'wlcg',
    claims: { 'wlcg.groups': ['/cms', 'odd group', '/cms/../x'] },
    request: { op: 'group', group: '/cms' },
    expect: oneOf(['allow', 'invalid'], 'invalid_claim'),
  },
  {
    id: 'group-of-no-claim',
    title: 'without the claim nobody is in any group',
    source: GROUPS,
    kind: 'wlcg',
    request: { op: 'group', group: '/cms' },
    expect: deny('group_denied', 'scope_denied'),
  },
  {
    id: 'group-of-invalid-token',
    title: 'an expired token has no groups',
    source: 'RFC 7519 §4.1.4',
    kind: 'wlcg',
    claims: { 'wlcg.groups': ['/cms'], exp: { $now: -1 } },
    request: { op: 'group', group: '/cms' },
    expect: invalid('expired'),
  },
]

const hosts: readonly CaseDefinition[] = [
  ...(
    [
      ['host:a.example', 'host.auth', 'b.example', 'another host'],
      ['host:a.example', 'host.auth', 'example', 'the end of its name'],
      ['host:a.example', 'host.auth', 'x.a.example', 'a host below'],
      ['a.example', 'host.auth', 'a.example', 'sub without the word host'],
      ['hosta.example', 'host.auth', 'a.example', 'sub without colon'],
      ['HOST:a.example', 'host.auth', 'a.example', 'the word host in capitals'],
      ['host:', 'host.auth', 'a.example', 'an empty name in the token'],
      ['user:host:a.example', 'host.auth', 'a.example', 'the word host further on'],
    ] as const
  ).map(([sub, scope, host, what], index) => ({
    id: `not-the-host-${index + 1}`,
    title: `a host token does not speak for ${host}: ${what}`,
    source: 'WLCG profile 1.3 §2.2.1: host.auth',
    kind: 'wlcg' as const,
    claims: { sub, scope },
    request: { op: 'host', host },
    expect: deny(),
  })),
  {
    id: 'host-among-scopes',
    title: 'host.auth may stand among other scopes',
    source: 'WLCG profile 1.3 §2.2.1: host.auth',
    kind: 'wlcg',
    claims: { sub: 'host:a.example', scope: 'storage.read:/a host.auth' },
    request: { op: 'host', host: 'a.example' },
    expect: allow(),
  },
  {
    id: 'host-empty',
    title: 'asking for no host is not answered with yes',
    source: 'an empty question is the caller’s mistake',
    kind: 'wlcg',
    claims: { sub: 'host:', scope: 'host.auth' },
    request: { op: 'host', host: '' },
    expect: oneOf(['deny', 'error'], 'scope_denied', 'invalid_request'),
  },
]

const modes: readonly CaseDefinition[] = [
  ...(
    [
      ['compute.read', 'capability'],
      ['storage.poll:/a', 'capability'],
      ['openid storage.read:/a offline_access', 'capability'],
      ['openid offline_access', 'groups'],
      ['wlcg.groups wlcg', 'groups'],
      ['', 'groups'],
    ] as const
  ).map(([scope, mode], index) => ({
    id: `mode-${index + 1}`,
    title: `a token with the scope ${JSON.stringify(scope)} is judged by ${mode === 'groups' ? 'groups' : 'capabilities'}`,
    source: 'WLCG profile 1.3 §2.2.3',
    kind: 'wlcg' as const,
    claims: { scope, 'wlcg.groups': ['/cms'] },
    request: { op: 'mode' },
    expect: allow({ mode }),
  })),
  {
    id: 'mode-expired',
    title: 'an expired token has no mode',
    source: 'RFC 7519 §4.1.4',
    kind: 'wlcg',
    claims: { exp: { $now: -1 } },
    request: { op: 'mode' },
    expect: invalid('expired'),
  },
]

export const wlcg: readonly CaseDefinition[] = [
  ...matrix,
  ...scitokens,
  ...operations,
  ...names,
  ...groups,
  ...hosts,
  ...modes,
]
