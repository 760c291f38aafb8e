import {
  ABSENT,
  ACLS,
  allow,
  type CaseDefinition,
  deny,
  error,
  invalid,
  oneOf,
  read,
  refusedRequest,
  test,
} from '../case-kit.ts'

const BAD = invalid('invalid_scope')
const CHARACTERS = 'RFC 6749 §3.3: characters of a scope'
const PATH_RULE = 'SciTokens Claims: $AUTHZ:$PATH; WLCG profile 1.3 §2.2.1: a capability without path MUST be rejected'

const characters: readonly CaseDefinition[] = (
  [
    ['carriage-return', '\r'],
    ['vertical-tab', '\v'],
    ['form-feed', '\f'],
    ['nul', '\0'],
    ['escape', '\u001b'],
    ['delete', '\u007f'],
    ['next-line', '\u0085'],
    ['no-break-space', '\u00a0'],
    ['line-separator', '\u2028'],
    ['ideographic-space', '\u3000'],
  ] as const
).map(([id, character]) => ({
  id: `character-${id}`,
  title: `a ${id.replaceAll('-', ' ')} separates nothing: the scope is malformed`,
  source: CHARACTERS,
  claims: { scope: `read:/a${character}read:/foo` },
  expect: BAD,
}))

const separators: readonly CaseDefinition[] = [
  ...[',', ';', '|', '+', '&', '%20'].map((separator, index) => ({
    id: `no-separator-${index + 1}`,
    title: `${JSON.stringify(separator)} separates nothing: it is a part of the path`,
    source: CHARACTERS,
    claims: { scope: `read:/a${separator}read:/foo` },
    expect: deny(),
  })),
  {
    id: 'comma-in-path',
    title: 'a comma in a path is a letter like others',
    source: CHARACTERS,
    claims: { scope: 'read:/a,b' },
    request: read('/a,b/c'),
    expect: allow(),
  },
  {
    id: 'only-spaces',
    title: 'a scope of spaces allows nothing',
    source: CHARACTERS,
    claims: { scope: '   ' },
    expect: deny(),
  },
  {
    id: 'only-spaces-acls',
    title: 'and its list is empty',
    source: CHARACTERS,
    claims: { scope: '   ' },
    request: ACLS,
    expect: allow({ acls: [] }),
  },
]

const syntax: readonly CaseDefinition[] = [
  ...['storage.create', 'storage.modify', 'storage.stage', 'storage.poll', 'storage.future'].flatMap((authz) =>
    [authz, `${authz}:`, `${authz}:foo`].map((scope, index) => ({
      id: `${authz.replace('.', '-')}-pathless-${index + 1}`,
      title: `${JSON.stringify(scope)} has no absolute path and spoils the token`,
      source: PATH_RULE,
      kind: 'wlcg' as const,
      claims: { scope: `${scope} storage.read:/foo` },
      expect: BAD,
    })),
  ),
  ...['write:', 'write:foo', 'write:.', 'read:~', 'read:.', 'read:..', 'read:%2Ffoo', 'read:\\foo'].map(
    (scope, index) => ({
      id: `no-absolute-path-${index + 1}`,
      title: `${JSON.stringify(scope)} has no absolute path and spoils the token`,
      source: PATH_RULE,
      claims: { scope: `read:/foo ${scope}` },
      expect: BAD,
    }),
  ),
  ...[':', ':/foo', ':foo'].map((scope, index) => ({
    id: `no-authorization-${index + 1}`,
    title: `${JSON.stringify(scope)} has no authorization and is malformed`,
    source: 'SciTokens Claims: $AUTHZ:$PATH',
    claims: { scope: `${scope} read:/foo` },
    expect: BAD,
  })),
  {
    id: 'no-authorization-not-asked',
    title: 'a scope without authorization grants nothing to whoever asks for nothing',
    source: 'SciTokens Claims: $AUTHZ:$PATH',
    claims: { scope: ':/foo' },
    request: test('', '/foo'),
    expect: oneOf(['error', 'invalid'], 'invalid_request', 'invalid_scope'),
  },
  {
    id: 'bad-scope-hides-from-nobody',
    title: 'a malformed scope refuses the token also where the list is asked for',
    source: 'the claim is judged as a whole',
    claims: { scope: 'read:/a read:b' },
    request: ACLS,
    expect: BAD,
  },
  {
    id: 'bad-scope-refuses-any-question',
    title: 'and where something else is asked',
    source: 'the claim is judged as a whole',
    claims: { scope: 'queue read:/a/../b' },
    request: test('queue'),
    expect: BAD,
  },
  ...['offline_access:x', 'openid:1', 'eduperson_entitlement:urn:x', 'compute.read:any', 'x:y:z'].map(
    (scope, index) => ({
      id: `other-scope-${index + 1}`,
      title: `${JSON.stringify(scope)} is somebody else's scope and is ignored`,
      source: 'other services have scopes too',
      claims: { scope: `${scope} read:/foo` },
      expect: allow(),
    }),
  ),
  ...['http://example.org/a', 'https://example.org/read:/foo'].map((scope, index) => ({
    id: `url-scope-${index + 1}`,
    title: `${JSON.stringify(scope)} is somebody else's scope and is ignored`,
    source: 'other services have URLs as scopes',
    claims: { scope: `${scope} read:/foo` },
    expect: allow(),
  })),
]

const selectors: readonly CaseDefinition[] = [
  {
    id: 'selectors-not-listed',
    title: 'scopes that only select are not in the list of capabilities',
    source: 'WLCG profile 1.3: scopes that select',
    kind: 'wlcg',
    claims: { scope: 'openid storage.read:/a wlcg wlcg.groups:/cms offline_access compute.read' },
    request: ACLS,
    expect: allow({
      acls: [
        ['storage.read', '/a'],
        ['compute.read', '/'],
      ],
    }),
  },
  ...['openid', 'offline_access', 'wlcg.groups'].map((authz, index) => ({
    id: `selector-grants-nothing-${index + 1}`,
    title: `${authz} is no capability that could be had`,
    source: 'WLCG profile 1.3: scopes that select',
    kind: 'wlcg' as const,
    claims: { scope: `${authz}${authz === 'wlcg.groups' ? ':/cms' : ''} storage.read:/a` },
    request: test(authz, '/cms'),
    expect: deny(),
  })),
  {
    id: 'capability-set',
    title: 'wlcg.capabilityset grants nothing by itself',
    source: 'WLCG profile 1.3: capability sets belong to the request',
    kind: 'wlcg',
    claims: { scope: 'wlcg.capabilityset:/prod' },
    request: test('storage.read', '/prod'),
    expect: deny(),
  },
  {
    id: 'group-scope-is-no-group',
    title: 'a scope wlcg.groups:/cms puts nobody into the group',
    source: 'WLCG profile 1.3: the scope asks for the claim',
    kind: 'wlcg',
    claims: { scope: 'wlcg.groups:/cms storage.read:/a', 'wlcg.groups': ['/atlas'] },
    request: { op: 'group', group: '/cms' },
    expect: deny('group_denied', 'scope_denied'),
  },
]

const lists: readonly CaseDefinition[] = [
  {
    id: 'acls-normalised',
    title: 'the list shows the paths that are judged',
    source: 'RFC 3986 §6',
    claims: { scope: 'read:///foo//bar read:/./baz' },
    request: ACLS,
    expect: allow({
      acls: [
        ['read', '/foo/bar'],
        ['read', '/baz'],
      ],
    }),
  },
  {
    id: 'acls-same-path-spelt-twice',
    title: 'one path in two spellings is listed once',
    source: 'RFC 3986 §6',
    claims: { scope: 'read:/foo read://foo read:/%66oo' },
    request: ACLS,
    expect: allow({ acls: [['read', '/foo']] }),
  },
  {
    id: 'acls-wlcg-names',
    title: 'the list has the names of the token',
    source: 'WLCG profile 1.3 §2.2.1',
    kind: 'wlcg',
    claims: { scope: 'storage.create:/a storage.stage:/b' },
    request: ACLS,
    expect: allow({
      acls: [
        ['storage.create', '/a'],
        ['storage.stage', '/b'],
      ],
    }),
  },
  {
    id: 'acls-covered-kept',
    title: 'a scope that another one covers is listed all the same',
    source: 'the list is the claim’s',
    claims: { scope: 'read:/ read:/foo' },
    request: ACLS,
    expect: allow({
      acls: [
        ['read', '/'],
        ['read', '/foo'],
      ],
    }),
  },
  {
    id: 'acls-expired',
    title: 'an expired token gives no list',
    source: 'RFC 7519 §4.1.4',
    claims: { exp: { $now: -1 } },
    request: ACLS,
    expect: invalid('expired'),
  },
]

const questions: readonly CaseDefinition[] = [
  ...[' read', 'read ', 'read:', 'read:/foo', 'Read', 'rea', '*', 'read,write'].map((authz, index) => ({
    id: `asked-strangely-${index + 1}`,
    title: `whoever asks for ${JSON.stringify(authz)} does not get read`,
    source: 'SciTokens Claims: authorizations are compared to the letter',
    request: test(authz, '/foo'),
    expect: refusedRequest(),
  })),
  {
    id: 'asked-without-authz',
    title: 'a question without authorization is an error',
    source: 'an empty question is the caller’s mistake',
    request: { op: 'test', path: '/foo' },
    expect: error(),
  },
  {
    id: 'asked-prototype',
    title: 'a name that every object has is not granted',
    source: 'SciTokens Claims: authorizations are compared to the letter',
    request: test('constructor', '/foo'),
    expect: refusedRequest(),
  },
  {
    id: 'storage-asked-without-path',
    title: 'storage.read without a path in the question is an error',
    source: PATH_RULE,
    kind: 'wlcg',
    claims: { scope: 'storage.read:/' },
    request: test('storage.read'),
    expect: error(),
  },
]

const scp: readonly CaseDefinition[] = [
  ...[5, null, true, { read: '/foo' }, [['read:/foo']], [null]].map((value, index) => ({
    id: `scp-type-${index + 1}`,
    title: `scp ${JSON.stringify(value)} is refused: it must be a string or a list of strings`,
    source: 'drafts of SciTokens 1.0: scp',
    claims: { scope: ABSENT, scp: value },
    enforcer: { acceptScp: true },
    expect: invalid('invalid_claim'),
  })),
  {
    id: 'scp-empty',
    title: 'an empty scp allows nothing',
    source: 'drafts of SciTokens 1.0: scp',
    claims: { scope: ABSENT, scp: [] },
    enforcer: { acceptScp: true },
    expect: oneOf(['deny', 'invalid'], 'scope_denied', 'missing_claim', 'invalid_claim'),
  },
  {
    id: 'scp-traversal',
    title: 'scp is judged like scope',
    source: 'CVE-2026-32727',
    claims: { scope: ABSENT, scp: ['read:/foo', 'read:/a/..'] },
    enforcer: { acceptScp: true },
    expect: BAD,
  },
  {
    id: 'scp-ignored',
    title: 'without the option scp does not add to scope',
    source: 'SciTokens Claims: scope',
    claims: { scp: ['write:/foo'] },
    request: test('write', '/foo'),
    expect: deny(),
  },
  {
    id: 'scp-empty-scope',
    title: 'an empty scope is a scope: scp does not stand in for it',
    source: 'scp stands in for a missing scope only',
    claims: { scope: '', scp: ['read:/foo'] },
    enforcer: { acceptScp: true },
    expect: oneOf(['deny', 'invalid'], 'scope_denied', 'invalid_claim'),
  },
]

const URI = 'https://scitokens.org/v1/authz/'
const uris: readonly CaseDefinition[] = [
  ...(
    [
      [`${URI}read`, 'invalid'],
      [`${URI}read:/a/../foo`, 'invalid'],
      [`${URI}read:foo`, 'invalid'],
    ] as const
  ).map(([scope], index) => ({
    id: `uri-malformed-${index + 1}`,
    title: `with the option ${JSON.stringify(scope.slice(URI.length))} behind the URI is as malformed as without`,
    source: 'SciTokens Claims: the URI form is equivalent',
    claims: { scope: `${scope} read:/foo` },
    enforcer: { acceptUriScopes: true },
    expect: BAD,
  })),
  ...[
    'http://scitokens.org/v1/authz/',
    'https://scitokens.org/v2/authz/',
    'https://scitokens.org.evil/v1/authz/',
    'HTTPS://scitokens.org/v1/authz/',
  ].map((prefix, index) => ({
    id: `uri-other-${index + 1}`,
    title: `${prefix} is another URI, with the option too`,
    source: 'SciTokens Claims: one URI exactly',
    claims: { scope: `${prefix}read:/foo` },
    enforcer: { acceptUriScopes: true },
    expect: oneOf(['deny', 'invalid'], 'scope_denied', 'invalid_scope'),
  })),
]

export const scopes: readonly CaseDefinition[] = [
  ...characters,
  ...separators,
  ...syntax,
  ...selectors,
  ...lists,
  ...questions,
  ...scp,
  ...uris,
]
