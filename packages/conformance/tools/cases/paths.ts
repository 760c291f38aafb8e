import {
  allow,
  type CaseDefinition,
  deny,
  error,
  headerText,
  claimsText,
  invalid,
  read,
  readDecoded,
  refusedRequest,
} from '../case-kit.ts'

const BAD = invalid('invalid_scope')
const TRAVERSAL = 'CVE-2026-32727, CVE-2026-32725'
const BOUNDARY = 'CVE-2026-32716, CVE-2026-32726'
const DECODING = 'RFC 3986 §2.4: decoded once'

const inScope: readonly CaseDefinition[] = (
  [
    ['/a/%2E%2E/b', 'an encoded .. in capitals'],
    ['/a/.%2e/b', 'a .. of which half is encoded'],
    ['/a/%2e./b', 'a .. of which the other half is encoded'],
    ['/%2e%2e', 'an encoded .. at the root'],
    ['/a/%25252e%25252e/b', 'a three times encoded ..'],
    ['/a/%2525252525252e%2525252525252e', 'a many times encoded ..'],
    ['/a/%252E./b', 'a .. of which half is encoded twice'],
    ['/a/..', '.. at the end'],
    ['/a/../', '.. before a slash at the end'],
    ['//../b', '.. behind two slashes'],
    ['/a%2Fb', 'an encoded slash in capitals'],
    ['/a%252fb', 'a twice encoded slash'],
    ['/a%255cb', 'a twice encoded backslash'],
    ['/a%2500', 'a twice encoded NUL'],
    ['/a%7F', 'an encoded delete character'],
    ['/a%09b', 'an encoded tab'],
    ['/a%C2%85b', 'an encoded C1 control'],
    ['/a%C0%AE%C0%AE/b', 'an overlong dot'],
    ['/a%C0%AFb', 'an overlong slash'],
    ['/a%E0%80%AFb', 'a longer overlong slash'],
    ['/a%ED%A0%80', 'an encoded surrogate'],
    ['/a%F4%90%80%80', 'an encoded code point beyond Unicode'],
    ['/a%C3', 'half of a letter'],
    ['/a%2', 'half of an escape'],
    ['/a%u002e', 'an escape of JavaScript'],
    ['/a%%41', 'two percent signs'],
    ['/a\\b', 'a backslash between letters'],
  ] as const
).map(([path, what], index) => ({
  id: `scope-refused-${index + 1}`,
  title: `${what} in a scope is refused: ${path.slice(0, 24)}`,
  source: what.includes('..') ? TRAVERSAL : 'RFC 3986 §6.2; DESIGN: what is not understood is refused',
  claims: { scope: `read:${path}` },
  request: read('/b'),
  expect: BAD,
}))

const surrogates: readonly CaseDefinition[] = [
  {
    id: 'scope-lone-surrogate',
    title: 'half of a surrogate pair in a scope is refused',
    source: 'RFC 8259 §8.2; issue: unpaired surrogates',
    text: { header: headerText(), payload: claimsText('', '"read:/foo\\ud800"') },
    expect: invalid('invalid_scope', 'malformed_token'),
  },
  {
    id: 'scope-surrogate-pair',
    title: 'a letter beyond the basic plane is a letter',
    source: 'RFC 3986 §2.5',
    claims: { scope: 'read:/😀' },
    request: read('/%F0%9F%98%80/x'),
    expect: allow(),
  },
]

const covered: readonly CaseDefinition[] = (
  [
    ['/%66oo', '/foo', 'an encoded letter in a scope is that letter'],
    ['/foo', '/%66%6f%6F/x', 'encoded letters in a request are those letters'],
    ['/%2e/foo', '/foo', 'an encoded single dot in a scope is dropped'],
    ['/foo', '/foo/%2e/x', 'an encoded single dot in a request is dropped'],
    ['/a%2Bb', '/a+b', 'an encoded plus sign is a plus sign'],
    ['/a+b', '/a%2Bb', 'a plus sign meets its escape'],
    ['/a:b', '/a%3ab', 'a colon meets its escape'],
    ['/a%3Bb', '/a;b', 'an escape meets its semicolon'],
    ['/100%2525', '/100%2525', '%2525 is %25 on both sides'],
    ['/foo./', '/foo./x', 'a name may end in a dot'],
    ['/.foo', '/.foo', 'a name may begin with a dot'],
    ['/..foo', '/..foo/x', 'a name may begin with two dots'],
    ['/foo..', '/foo../x', 'a name may end in two dots'],
    ['/foo', '/foo/...', 'three dots in a request are a name'],
    ['/a%7cb', '/a|b', 'a bar needs its escape in neither'],
    ['/foo', '/foo//x', 'a repeated slash in a request is one'],
    ['/foo', '/foo/', 'a slash at the end of a request is still below'],
    ['/a/b/', '/a/b//', 'repeated slashes at the end are one'],
  ] as const
).map(([scope, path, title], index) => ({
  id: `covered-${index + 1}`,
  title,
  source: 'RFC 3986 §6.2.2',
  claims: { scope: `read:${scope}` },
  request: read(path),
  expect: allow(),
}))

const notCovered: readonly CaseDefinition[] = (
  [
    ['/foo', '/fo', 'a shorter name'],
    ['/foo', '/foo.txt', 'a name with an extension'],
    ['/foo', '/foo%2Ebar', 'a name with an encoded dot'],
    ['/foo', '/foo-bar', 'a name with a hyphen'],
    ['/foo', '/foo~', 'a name with a tilde'],
    ['/foo', '/foo;v=1', 'a path parameter'],
    ['/foo', '/foo:bar', 'a name with a colon'],
    ['/foo', '/foo?x=1', 'a question mark: the request is a path, not a URL'],
    ['/foo', '/foo#x', 'a number sign'],
    ['/foo', '/foo%20', 'a name with a space at its end'],
    ['/foo', '/foo.', 'a name with a dot at its end'],
    ['/foo', '/FOO', 'another case'],
    ['/foo/bar', '/foo/barn', 'a longer last component'],
    ['/foo/bar', '/foo/ba/r', 'letters in other components'],
    ['/foo/bar', '/foo', 'the parent'],
    ['/foo/bar', '/bar', 'the last component alone'],
    ['/foo/bar', '/x/foo/bar', 'the path further down'],
    ['/foo', '/f%C3%B6o', 'an accent'],
    ['/a／b', '/a/b', 'a full-width slash that is no slash'],
    ['/a∕b', '/a/b', 'a division slash that is no slash'],
    ['/foo\u200b', '/foo', 'a space without width'],
    ['/%EF%BB%BFfoo', '/foo', 'a byte order mark'],
    ['/**', '/foo', 'asterisks'],
    ['/.*', '/foo', 'a pattern'],
    ['/[a-z]oo', '/foo', 'a class of characters'],
    ['/{foo,bar}', '/foo', 'alternatives'],
    ['/$HOME', '/foo', 'a variable'],
  ] as const
).map(([scope, path, what], index) => ({
  id: `not-covered-${index + 1}`,
  title: `${what}: ${scope} does not cover ${path}`,
  source: index < 17 ? BOUNDARY : 'paths are compared code point by code point',
  claims: { scope: `read:${scope}` },
  request: read(path),
  expect: deny(),
}))

const requestRefused: readonly CaseDefinition[] = (
  [
    ['/foo/%2e%2e/%2e%2e/bar', '.. twice, encoded'],
    ['/foo/..%2Fbar', 'an encoded slash behind ..'],
    ['/foo/%2e%2e%2fbar', 'an encoded .. with its slash'],
    ['/foo/..%5cbar', 'an encoded backslash'],
    ['/foo/%255c..%255cbar', 'twice encoded backslashes'],
    ['/foo/%25252e%25252e/bar', 'a three times encoded ..'],
    ['/foo/.%252e/bar', 'a .. of which half is encoded twice'],
    ['/foo/%252fbar', 'a twice encoded slash'],
    ['/foo/%2500', 'a twice encoded NUL'],
    ['/foo/%0d%0aX-Header:1', 'an encoded line end'],
    ['/foo/%7f', 'an encoded delete character'],
    ['/foo/%E0%80%AE', 'an overlong dot'],
    ['/foo/%C0%AF', 'an overlong slash'],
    ['/foo/%ED%A0%80', 'an encoded surrogate'],
    ['/foo/%u002e', 'an escape of JavaScript'],
    ['/foo/%', 'a lone percent sign'],
    ['/foo/%4', 'half of an escape'],
    ['/foo/a\nb', 'a line feed'],
    ['/foo/a\0b', 'a NUL'],
    ['/foo\\', 'a backslash at the end'],
  ] as const
).map(([path, what], index) => ({
  id: `request-refused-${index + 1}`,
  title: `${what} in a request is refused`,
  source: 'peers: what a second decoding would change is refused',
  claims: { scope: 'read:/foo' },
  request: read(path),
  expect: refusedRequest(),
}))

const decodedRequests: readonly CaseDefinition[] = [
  ...(
    [
      ['/foo/%2e%2e/bar', 'an encoded .. in a path that is decoded already'],
      ['/foo/..%2fbar', 'an encoded slash in a path that is decoded already'],
      ['/foo/%5c', 'an encoded backslash in a path that is decoded already'],
      ['/foo/%00', 'an encoded NUL in a path that is decoded already'],
      ['/foo/\u0000', 'a NUL in a decoded path'],
      ['/foo\\..\\bar', 'backslashes in a decoded path'],
      ['/foo/\ud800', 'half of a surrogate pair in a decoded path'],
    ] as const
  ).map(([path, what], index) => ({
    id: `decoded-refused-${index + 1}`,
    title: `${what} is refused: somebody may decode again`,
    source: 'peers: refuse what is left in both modes',
    request: readDecoded(path),
    expect: refusedRequest(),
  })),
  {
    id: 'decoded-traversal',
    title: 'a decoded path with .. is judged by where it leads',
    source: TRAVERSAL,
    request: readDecoded('/foo/../bar'),
    expect: deny(),
  },
  {
    id: 'decoded-letter',
    title: 'a path that is decoded already is not decoded again',
    source: DECODING,
    claims: { scope: 'read:/A' },
    request: readDecoded('/%41'),
    expect: deny(),
  },
  {
    id: 'decoded-percent',
    title: 'a percent sign in a decoded path is one',
    source: DECODING,
    claims: { scope: 'read:/50%25' },
    request: readDecoded('/50%/x'),
    expect: allow({ normalizedPath: '/50%/x' }),
  },
  {
    id: 'decoded-question-mark',
    title: 'a question mark in a decoded path is a letter',
    source: DECODING,
    claims: { scope: 'read:/a?b' },
    request: readDecoded('/a?b/c'),
    expect: allow(),
  },
]

const normalised: readonly CaseDefinition[] = (
  [
    ['/foo/a/../b', '/foo/b', '.. inside the scope'],
    ['/foo/../foo/x', '/foo/x', '.. out of the scope and back'],
    ['/%2e%2e/foo/x', '/foo/x', 'an encoded .. at the root'],
    ['/foo/a%20b', '/foo/a b', 'a decoded letter'],
    ['/foo/%C3%A9', '/foo/é', 'a decoded letter of two bytes'],
    ['/x/../../../foo', '/foo', 'more .. than there are components'],
    ['///foo///x', '/foo/x', 'repeated slashes'],
  ] as const
).map(([path, normalizedPath, what], index) => ({
  id: `normalised-${index + 1}`,
  title: `the caller is told the path that was judged: ${what}`,
  source: 'the path that is checked is the path that is served',
  request: read(path),
  expect: allow({ normalizedPath }),
}))

const strict = { rejectDotSegments: true }
const dots: readonly CaseDefinition[] = [
  {
    id: 'reject-dots-encoded',
    title: 'a verifier that refuses .. refuses it encoded too',
    source: 'rejectDotSegments',
    request: read('/foo/%2e%2e/foo'),
    enforcer: strict,
    expect: refusedRequest(),
  },
  {
    id: 'reject-dots-decoded',
    title: 'and in paths that are decoded already',
    source: 'rejectDotSegments',
    request: readDecoded('/foo/../foo'),
    enforcer: strict,
    expect: refusedRequest(),
  },
  {
    id: 'reject-dots-names',
    title: 'but not names that only begin with dots',
    source: 'rejectDotSegments',
    request: read('/foo/..bar/...'),
    enforcer: strict,
    expect: allow(),
  },
  {
    id: 'reject-dots-clean',
    title: 'nor a path without any',
    source: 'rejectDotSegments',
    request: read('/foo/x'),
    enforcer: strict,
    expect: allow({ normalizedPath: '/foo/x' }),
  },
]

const shapes: readonly CaseDefinition[] = [
  ...[' /foo', './foo', '../foo', 'https://a.example/foo', '\\foo', '%2Ffoo', '?/foo'].map((path, index) => ({
    id: `request-relative-${index + 1}`,
    title: `the request path ${JSON.stringify(path)} is not absolute: an error`,
    source: 'a request path begins with a slash',
    request: read(path),
    expect: error(),
  })),
  ...[5, null, true, ['/foo']].map((path, index) => ({
    id: `request-type-${index + 1}`,
    title: `the request path ${JSON.stringify(path)} is no string: an error`,
    source: 'a typed error, never a stray exception',
    request: { op: 'test', authz: 'read', path: path as unknown as string },
    expect: error(),
  })),
  {
    id: 'double-slash-host',
    title: 'a request that begins with two slashes names no host',
    source: 'RFC 3986 §4.2: a caller hands over a path',
    claims: { scope: 'read:/evil.example' },
    request: read('//evil.example/x'),
    expect: allow({ normalizedPath: '/evil.example/x' }),
  },
  {
    id: 'root-slashes',
    title: 'many slashes are the root',
    source: 'RFC 3986 §6.2.2',
    claims: { scope: 'read:////' },
    request: read('/any'),
    expect: allow(),
  },
  {
    id: 'root-dot',
    title: 'a single dot at the root is the root',
    source: 'RFC 3986 §6.2.2',
    claims: { scope: 'read:/.' },
    request: read('/any'),
    expect: allow(),
  },
  {
    id: 'deep',
    title: 'a path of a thousand components is ordinary',
    source: 'bounded work',
    request: read(`/foo${'/d'.repeat(1000)}`),
    expect: allow(),
  },
  {
    id: 'directory-dot',
    title: '/foo/ covers /foo/. which is that directory',
    source: 'WLCG profile 1.3 §2.2.1: trailing slash',
    claims: { scope: 'read:/foo/' },
    request: read('/foo/.'),
    expect: allow(),
  },
  {
    id: 'directory-parent',
    title: '/foo/ does not cover its parent directory',
    source: 'WLCG profile 1.3 §2.2.1: trailing slash',
    claims: { scope: 'read:/foo/' },
    request: read('/', { isDirectory: true }),
    expect: deny(),
  },
  {
    id: 'is-directory-file-scope',
    title: '/foo covers the directory /foo',
    source: 'WLCG profile 1.3 §2.2.1: trailing slash',
    request: read('/foo', { isDirectory: true }),
    expect: allow(),
  },
  {
    id: 'is-directory-sibling',
    title: 'saying that it is a directory does not help a sibling',
    source: BOUNDARY,
    claims: { scope: 'read:/foo/' },
    request: read('/foobar', { isDirectory: true }),
    expect: deny(),
  },
]

const base = { basePath: '/cms' }
const BASE_RULE = 'WLCG profile 1.3 §2.2.3: relative to the issuer’s area'
const basePaths: readonly CaseDefinition[] = [
  ...(
    [
      ['/', '/cms', true, 'the root of the token is the base path'],
      ['/', '/cms/', true, 'also with a slash'],
      ['/', '/', false, 'the root of the token is not the root of the server'],
      ['/store', '/cms/stores', false, 'components count below the base path too'],
      ['/cms', '/cms', false, 'the base path is not a part of the scope'],
      ['/cms', '/cms/cms/x', true, 'it may occur twice'],
      ['/', '/cms/../atlas/x', false, 'a request cannot leave the base path by ..'],
      ['/', '/cms/%2e%2e/atlas', false, 'nor by an encoded ..'],
      ['/', '/atlas/../cms/x', true, 'a request is judged by where it leads'],
      ['/', '/CMS/x', false, 'the base path is case-sensitive'],
      ['/store/', '/cms/store', false, 'a directory scope keeps its meaning below a base path'],
    ] as const
  ).map(([scope, path, allowed, title], index) => ({
    id: `base-${index + 1}`,
    title,
    source: BASE_RULE,
    claims: { scope: `read:${scope}` },
    request: read(path),
    enforcer: base,
    expect: allowed ? allow() : deny(),
  })),
  {
    id: 'base-slash',
    title: 'a base path may be written with a slash at its end',
    source: BASE_RULE,
    claims: { scope: 'read:/store' },
    request: read('/cms/store/x'),
    enforcer: { basePath: '/cms/' },
    expect: allow(),
  },
  {
    id: 'base-deep',
    title: 'a base path may have several components',
    source: BASE_RULE,
    claims: { scope: 'read:/store' },
    request: read('/eos/cms/store/x'),
    enforcer: { basePath: '/eos/cms' },
    expect: allow(),
  },
  {
    id: 'base-root',
    title: 'the base path / changes nothing',
    source: BASE_RULE,
    enforcer: { basePath: '/' },
    expect: allow(),
  },
  ...['cms', '', '/cms/../atlas', '/a%2fb', '/a\\b', 5, null].map((basePath, index) => ({
    id: `base-configured-${index + 1}`,
    title: `the base path ${JSON.stringify(basePath)} is a configuration error`,
    source: 'fail closed',
    enforcer: { basePath },
    expect: error('config_error'),
  })),
]

export const paths: readonly CaseDefinition[] = [
  ...inScope,
  ...surrogates,
  ...covered,
  ...notCovered,
  ...requestRefused,
  ...decodedRequests,
  ...normalised,
  ...dots,
  ...shapes,
  ...basePaths,
]
