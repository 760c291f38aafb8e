import { ABSENT, allow, type CaseDefinition, deny, invalid, oneOf, SERVER, test, VERIFY } from '../case-kit.ts'

const MISSING = invalid('missing_claim')
const INVALID = invalid('invalid_claim')
const PROOF_MISSING = invalid('proof_missing', 'invalid_claim', 'unknown_claim')

const presence: readonly CaseDefinition[] = [
  ...(['1.0', 'wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `iss-missing-${kind}`,
    title: `a token (${kind}) without iss is refused`,
    source: 'every profile',
    kind,
    claims: { iss: ABSENT },
    expect: invalid('missing_claim', 'untrusted_issuer'),
  })),
  {
    id: 'exp-missing-at-jwt',
    title: 'an at+jwt token without exp is refused',
    source: 'RFC 9068 §2.2',
    kind: 'at+jwt',
    claims: { exp: ABSENT },
    expect: MISSING,
  },
  {
    id: 'scope-missing-1.0',
    title: 'a 1.0 token without scope is refused',
    source: 'SciTokens Claims: scope',
    kind: '1.0',
    claims: { scope: ABSENT },
    expect: MISSING,
  },
  {
    id: 'scope-missing-at-jwt',
    title: 'an at+jwt token without scope is refused, for it can allow nothing',
    source: 'RFC 9068 §2.2.3',
    kind: 'at+jwt',
    claims: { scope: ABSENT },
    expect: MISSING,
  },
  {
    id: 'scope-and-groups-missing-wlcg',
    title: 'a WLCG token with neither scope nor groups is refused',
    source: 'WLCG profile 1.3, claims',
    kind: 'wlcg',
    claims: { scope: ABSENT },
    request: VERIFY,
    expect: MISSING,
  },
  {
    id: 'groups-are-no-scope',
    title: 'a WLCG token with groups alone has no capability',
    source: 'WLCG profile 1.3, capabilities',
    kind: 'wlcg',
    claims: { scope: ABSENT, 'wlcg.groups': ['/cms'] },
    expect: deny(),
  },
  {
    id: 'groups-do-not-replace-scope-in-2.0',
    title: 'groups do not stand in for the scope of a SciToken',
    source: 'SciTokens Claims: scope',
    claims: { scope: ABSENT, 'wlcg.groups': ['/cms'] },
    expect: MISSING,
  },
  ...(['2.0', 'wlcg'] as const).map((kind) => ({
    id: `aud-missing-${kind}-unchecked`,
    title: `a token (${kind}) needs aud even where the audience is not checked`,
    source: kind === 'wlcg' ? 'WLCG profile 1.3, claims' : 'SciTokens Verification 2.0',
    kind,
    claims: { aud: ABSENT },
    enforcer: { audience: ABSENT, audienceCheck: 'none' },
    expect: MISSING,
  })),
  ...(
    [
      ['2.0', 'iat'],
      ['2.0', 'aud'],
      ['wlcg', 'sub'],
      ['wlcg', 'jti'],
      ['at+jwt', 'sub'],
      ['at+jwt', 'jti'],
      ['at+jwt', 'client_id'],
    ] as const
  ).map(([kind, claim]) => ({
    id: `${claim.replace('_', '-')}-missing-strict-${kind}`,
    title: `a strict verifier asks ${kind} tokens for ${claim}`,
    source: kind === 'at+jwt' ? 'RFC 9068 §2.2' : kind === 'wlcg' ? 'WLCG profile 1.3, claims' : 'SciTokens Claims',
    kind,
    claims: { [claim]: ABSENT },
    enforcer: { strict: true },
    expect: MISSING,
  })),
  ...(
    [
      ['wlcg', 'sub'],
      ['wlcg', 'jti'],
      ['at+jwt', 'sub'],
      ['at+jwt', 'client_id'],
      ['1.0', 'sub'],
      ['1.0', 'jti'],
      ['1.0', 'nbf'],
    ] as const
  ).map(([kind, claim]) => ({
    id: `${claim.replace('_', '-')}-missing-${kind}`,
    title: `${claim} may be missing in ${kind} tokens: issuers in the field omit it`,
    source: 'peers: none of them asks for it',
    kind,
    claims: { [claim]: ABSENT },
    expect: allow(),
  })),
  ...(['wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `complete-strict-${kind}`,
    title: `a complete token (${kind}) satisfies a strict verifier`,
    source: kind === 'wlcg' ? 'WLCG profile 1.3, claims' : 'RFC 9068 §2.2',
    kind,
    enforcer: { strict: true },
    expect: allow(),
  })),
]

const types: readonly CaseDefinition[] = [
  ...[null, 0, true, ['s'], { a: 1 }].flatMap((value, index) =>
    ['sub', 'jti'].map((claim) => ({
      id: `${claim}-type-${index + 1}`,
      title: `${claim} ${JSON.stringify(value)} is refused: it must be a string`,
      source: 'RFC 7519 §4.1.2, §4.1.7',
      claims: { [claim]: value },
      expect: INVALID,
    })),
  ),
  ...(['1.0', 'wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `sub-number-${kind}`,
    title: `sub must be a string in ${kind} tokens too`,
    source: 'RFC 7519 §4.1.2',
    kind,
    claims: { sub: 5 },
    expect: INVALID,
  })),
  ...[true, { read: '/foo' }, [], ['read:/foo', 5]].map((scope, index) => ({
    id: `scope-type-${index + 1}`,
    title: `scope ${JSON.stringify(scope)} is refused: it must be a string`,
    source: 'RFC 8693 §4.2',
    claims: { scope },
    expect: INVALID,
  })),
  {
    id: 'scope-array-wlcg',
    title: 'scope is one string in WLCG tokens too',
    source: 'WLCG profile 1.3, claims',
    kind: 'wlcg',
    claims: { scope: ['storage.read:/foo'] },
    expect: INVALID,
  },
  {
    id: 'null-is-not-missing',
    title: 'null as iat is refused, also where iat is optional',
    source: 'RFC 7519 §4.1.6',
    kind: '1.0',
    claims: { iat: null },
    expect: INVALID,
  },
]

const names: readonly CaseDefinition[] = [
  ...(['Iss', 'Aud', 'IAT'] as const).map((claim) => ({
    id: `name-case-${claim.toLowerCase()}`,
    title: `"${claim}" is not ${claim.toLowerCase()}`,
    source: 'RFC 7519 §4: names are case-sensitive',
    claims: { [claim.toLowerCase()]: ABSENT, [claim]: claim === 'Aud' ? SERVER : { $now: -5 } },
    expect: invalid('missing_claim', 'untrusted_issuer'),
  })),
  {
    id: 'name-space',
    title: '"exp " is not exp',
    source: 'RFC 7519 §4: names are case-sensitive',
    claims: { exp: ABSENT, 'exp ': { $now: 600 } },
    expect: MISSING,
  },
  {
    id: 'in-header',
    title: 'claims in the header do not stand in for missing ones',
    source: 'RFC 7519 §5.3: replicated claims are for encrypted tokens',
    header: { exp: { $now: 600 }, scope: 'read:/foo' },
    claims: { exp: ABSENT },
    expect: MISSING,
  },
  {
    id: 'in-header-other',
    title: 'a scope in the header grants nothing',
    source: 'RFC 7519 §5.3',
    header: { scope: 'write:/foo' },
    request: test('write', '/foo'),
    expect: deny(),
  },
  {
    id: 'nested',
    title: 'claims inside another claim are not claims of the token',
    source: 'RFC 7519 §4',
    claims: { scope: ABSENT, claims: { scope: 'read:/foo' } },
    expect: MISSING,
  },
  {
    id: 'sub-empty',
    title: 'an empty sub is a string',
    source: 'RFC 7519 §4.1.2',
    claims: { sub: '' },
    expect: oneOf(['allow', 'invalid'], 'invalid_claim'),
  },
]

// The questions of these cases come without any proof. RFC 8705 section 3: "the protected resource MUST … verify that the certificate
// matches"; RFC 9449 section 7.1 says the same of the DPoP key.
const bound: readonly CaseDefinition[] = [
  ...(['2.0', '1.0', 'wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `cnf-certificate-${kind}`,
    title: `a token (${kind}) that is bound to a certificate is refused where none was shown`,
    source: 'RFC 8705 §3',
    kind,
    claims: { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } },
    expect: PROOF_MISSING,
  })),
  {
    id: 'cnf-dpop',
    title: 'a token that is bound to a DPoP key is refused where it comes as a bearer token',
    source: 'RFC 9449 §7.1',
    claims: { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } },
    expect: PROOF_MISSING,
  },
  ...[{}, null, 'x', [], { later: true }].map((cnf, index) => ({
    id: `cnf-odd-${index + 1}`,
    title: `cnf ${JSON.stringify(cnf)} is refused: it binds to something that nobody can prove`,
    source: 'RFC 7800 §3.1',
    claims: { cnf },
    expect: PROOF_MISSING,
  })),
]

export const claims: readonly CaseDefinition[] = [...presence, ...types, ...names, ...bound]
