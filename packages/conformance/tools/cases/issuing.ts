import type { CaseRequest, Expectation } from '../../src/index.ts'
import { allow, type CaseDefinition, error, ISSUER, SERVER } from '../case-kit.ts'

const SCITOKENS = 'SciTokens Claims and Verification'
const WLCG = 'WLCG profile 1.3'

function sign(changes: Partial<CaseRequest>, claims: Readonly<Record<string, unknown>> = {}): CaseRequest {
  const usual = { iss: ISSUER, sub: 's', aud: SERVER, scope: 'read:/foo', ...claims }
  const given = Object.fromEntries(Object.entries(usual).filter(([, value]) => value !== undefined))
  return { op: 'sign', key: 'ec', profile: 'scitoken:2.0', lifetime: 600, ...changes, claims: given }
}

const refused = (...codes: string[]): Expectation => error(...codes, 'config_error', 'invalid_request')

const written: readonly CaseDefinition[] = [
  {
    id: 'rsa',
    title: 'an RSA key signs RS256 and names itself',
    source: SCITOKENS,
    request: sign({ key: 'rsa' }),
    expect: allow({ header: { alg: 'RS256', kid: 'rsa', typ: 'JWT' }, present: ['iat', 'nbf', 'exp', 'jti'] }),
  },
  {
    id: 'at-jwt',
    title: 'an at+jwt token says its type and has no version',
    source: 'RFC 9068 §2.1',
    request: sign({ profile: 'at+jwt' }, { client_id: 'c' }),
    expect: allow({ header: { typ: 'at+jwt' }, claims: { client_id: 'c' }, absent: ['ver', 'wlcg.ver'] }),
  },
  {
    id: '1.0',
    title: 'a 1.0 token needs no aud and has no version of another profile',
    source: SCITOKENS,
    request: sign({ profile: 'scitoken:1.0' }, { aud: undefined }),
    expect: allow({ present: ['exp', 'iat', 'nbf'], absent: ['aud', 'wlcg.ver'] }),
  },
  {
    id: 'audiences',
    title: 'a list of audiences is written as a list',
    source: 'RFC 7519 §4.1.3',
    request: sign({}, { aud: [SERVER, 'https://b.example'] }),
    expect: allow({ claims: { aud: [SERVER, 'https://b.example'] } }),
  },
  {
    id: 'groups',
    title: 'groups are written in the order given',
    source: WLCG,
    request: sign({ profile: 'wlcg:1.x' }, { scope: 'storage.read:/foo', 'wlcg.groups': ['/b', '/a'] }),
    expect: allow({ claims: { 'wlcg.groups': ['/b', '/a'] } }),
  },
  {
    id: 'more-claims',
    title: 'further claims of a 2.0 token are written as they are',
    source: SCITOKENS,
    request: sign({}, { job: { cluster: 5, steps: [1, null, 'é'] } }),
    expect: allow({ claims: { job: { cluster: 5, steps: [1, null, 'é'] } } }),
  },
  {
    id: 'lifetime-default',
    title: 'a token without a given lifetime expires all the same',
    source: SCITOKENS,
    request: {
      op: 'sign',
      key: 'ec',
      profile: 'scitoken:2.0',
      claims: { iss: ISSUER, aud: SERVER, scope: 'read:/foo' },
    },
    expect: allow({ present: ['exp'] }),
  },
  {
    id: 'exact-times',
    title: 'exp is now and the lifetime',
    source: 'RFC 7519 §4.1.4',
    request: sign({ lifetime: 1200 }),
    expect: allow({ claims: { exp: 1_790_001_200 } }),
  },
]

const notWritten: readonly CaseDefinition[] = (
  [
    ['iss-missing', sign({}, { iss: undefined }), 'missing_claim', 'without iss'],
    ['iss-number', sign({}, { iss: 5 }), 'invalid_claim', 'with a number as iss'],
    ['iss-empty', sign({}, { iss: '' }), 'invalid_claim', 'with an empty iss'],
    ['aud-number', sign({}, { aud: 5 }), 'invalid_claim', 'with a number as aud'],
    ['aud-empty', sign({}, { aud: '' }), 'invalid_claim', 'with an empty aud'],
    ['aud-empty-list', sign({}, { aud: [] }), 'invalid_claim', 'with an empty list of audiences'],
    ['aud-missing-at-jwt', sign({ profile: 'at+jwt' }, { aud: undefined }), 'missing_claim', 'at+jwt without aud'],
    [
      'sub-missing-wlcg',
      sign({ profile: 'wlcg:1.x' }, { sub: undefined, scope: 'storage.read:/a' }),
      'missing_claim',
      'WLCG without sub',
    ],
    ['sub-number', sign({}, { sub: 5 }), 'invalid_claim', 'with a number as sub'],
    ['scope-list', sign({}, { scope: ['read:/foo'] }), 'invalid_claim', 'with a list as scope'],
    ['scope-relative', sign({}, { scope: 'read:foo' }), 'invalid_scope', 'with a relative path'],
    ['scope-newline', sign({}, { scope: 'read:/foo\nwrite:/' }), 'invalid_scope', 'with a line feed in its scope'],
    [
      'scope-encoded-traversal',
      sign({}, { scope: 'read:/a/%252e%252e/b' }),
      'invalid_scope',
      'with a twice encoded ..',
    ],
    [
      'scope-pathless-wlcg',
      sign({ profile: 'wlcg:1.x' }, { scope: 'storage.modify' }),
      'invalid_scope',
      'WLCG with a capability without path',
    ],
    [
      'groups-string',
      sign({ profile: 'wlcg:1.x' }, { scope: 'storage.read:/a', 'wlcg.groups': '/cms' }),
      'invalid_claim',
      'with a string as groups',
    ],
    [
      'groups-traversal',
      sign({ profile: 'wlcg:1.x' }, { scope: 'storage.read:/a', 'wlcg.groups': ['/cms/../x'] }),
      'invalid_claim',
      'with a group that has ..',
    ],
    [
      'unknown-claim-1.0',
      sign({ profile: 'scitoken:1.0' }, { foo: 1 }),
      'unknown_claim',
      '1.0 with a claim that verifiers refuse',
    ],
    ['nbf-by-caller', sign({}, { nbf: 1 }), 'invalid_claim', 'with an nbf of the caller'],
    ['ver-by-caller', sign({}, { ver: 'scitoken:1.0' }), 'invalid_claim', 'with a ver of the caller'],
    ['wlcg-ver-by-caller', sign({}, { 'wlcg.ver': '1.0' }), 'invalid_claim', 'with both versions'],
    ['lifetime-negative', sign({ lifetime: -600 }), 'invalid_claim', 'with a negative lifetime'],
    ['profile-unknown', sign({ profile: 'scitoken:3.0' }), 'unsupported_version', 'of an unknown profile'],
    ['key-rsa-e3', sign({ key: 'rsa-e3' }), 'weak_key', 'by an RSA key with e = 3'],
    ['key-ed25519', sign({ key: 'ed' }), 'unsupported_alg', 'by an Ed25519 key that nobody asked for'],
  ] as const
).map(([id, request, code, what]) => ({
  id,
  title: `a token ${what} is not signed`,
  source: 'what verifiers refuse is not signed',
  request,
  expect: refused(
    code,
    ...(id === 'profile-unknown' ? ['profile_mismatch'] : []),
    ...(code === 'weak_key' ? ['unsupported_key'] : []),
  ),
}))

export const issuing: readonly CaseDefinition[] = [...written, ...notWritten]
