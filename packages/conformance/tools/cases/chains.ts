// Token chains: docs/chains.md. The first part is for every implementation: who has never heard of chains must refuse their links.
import {
  ABSENT,
  allow,
  type CaseDefinition,
  deny,
  invalid,
  ISSUER,
  now,
  OTHER_ISSUER,
  read,
  SERVER,
  test,
  type TokenDefinition,
} from '../case-kit.ts'
import { CHAIN_KEYS, publicMembers, TEST_KEYS } from '../test-keys.ts'

const FORMAT = 'docs/chains.md, The format'
const RESTRICT = 'docs/chains.md, A child can only restrict'
const ALONE = 'docs/chains.md, Why the payload is an array'
const VERIFICATION = 'docs/chains.md, Verification'

/** May be derived from by `holder`; everything that the children below are measured by. */
const BASE: TokenDefinition = {
  kind: 'link',
  cwk: 'holder',
  claims: {
    scope: 'read:/foo write:/foo/own queue',
    aud: [SERVER, 'https://b.example'],
    vo: { name: 'cms', roles: ['a'] },
  },
}
const MIDDLE: TokenDefinition = { kind: 'link', key: 'holder', cwk: 'helper', parent: BASE, claims: BASE.claims! }
/** A leaf below the base, and what an attacker with the holder's key changes in it. */
const leaf = (claims: TokenDefinition['claims'] = {}, more: Partial<TokenDefinition> = {}): TokenDefinition => ({
  kind: 'link',
  key: 'holder',
  parent: BASE,
  ...more,
  claims: { ...BASE.claims, ...claims },
})
const lower: TokenDefinition = { ...leaf(), key: 'helper', parent: MIDDLE }
const base = (more: Partial<TokenDefinition>): TokenDefinition => ({
  ...BASE,
  ...more,
  claims: { ...BASE.claims, ...more.claims },
})
const without = (name: string, definition: TokenDefinition): TokenDefinition => ({
  ...definition,
  claims: { ...definition.claims, [name]: ABSENT },
})

const unaware: readonly CaseDefinition[] = [
  ...(
    [
      ['base', 'the base of a chain is no token', BASE],
      ['middle', 'a middle link of a chain is no token', MIDDLE],
      ['leaf', 'a leaf is no token where chains are not accepted', leaf()],
      ['leaf-of-middle', 'a leaf two links below the base is no token where chains are not accepted', lower],
      ['base-for-everybody', 'the base of a chain for any audience is no token', base({ claims: { aud: 'ANY' } })],
    ] as const
  ).map(([id, title, definition]) => ({
    ...definition,
    id: `unaware-${id}`,
    title,
    source: ALONE,
    expect: invalid('chain_not_accepted'),
  })),
  {
    id: 'unaware-base-by-rsa',
    title: 'the base of a chain is no token, whoever signed it',
    source: ALONE,
    ...base({ key: 'rsa' }),
    expect: invalid('chain_not_accepted'),
  },
  // The barriers one by one: each of them is enough.
  {
    id: 'barrier-array',
    title: 'a payload that is an array with good claims in it is no claims set, though all else is that of a token',
    source: 'RFC 7519 §7.2',
    inArray: true,
    expect: invalid('malformed_token'),
  },
  {
    id: 'barrier-array-1.0',
    title: 'the same without a version',
    source: 'RFC 7519 §7.2',
    kind: '1.0',
    inArray: true,
    expect: invalid('malformed_token'),
  },
  {
    id: 'barrier-array-wlcg',
    title: 'the same in a WLCG token',
    source: 'RFC 7519 §7.2',
    kind: 'wlcg',
    inArray: true,
    expect: invalid('malformed_token'),
  },
  {
    id: 'barrier-ver',
    title: 'the version of chains is unknown to a verifier of tokens',
    source: 'SciTokens Verification: unknown versions are refused',
    claims: { ver: 'scitoken-chain:1.0' },
    expect: invalid('unsupported_version'),
  },
  {
    id: 'barrier-typ',
    title: 'the type of chains is not that of an access token',
    source: 'RFC 8725 §3.11',
    header: { typ: 'scitoken-chain+jwt' },
    expect: invalid('chain_not_accepted', 'profile_mismatch'),
  },
  {
    id: 'barrier-crit',
    title: 'crit names an extension that a verifier of tokens does not understand',
    source: 'RFC 7515 §4.1.11',
    header: { crit: ['cwk'], cwk: publicMembers(CHAIN_KEYS['holder']!) },
    expect: invalid('chain_not_accepted', 'malformed_token'),
  },
]

const aware = (definitions: readonly CaseDefinition[]): readonly CaseDefinition[] =>
  definitions.map((definition) => ({ ...definition, enforcer: { chains: true, ...definition.enforcer } }))

const accepted: readonly CaseDefinition[] = [
  { id: 'leaf', title: 'a leaf is accepted as the end of a chain', source: VERIFICATION, ...leaf(), expect: allow() },
  { id: 'leaf-of-middle', title: 'and two links below the base', source: VERIFICATION, ...lower, expect: allow() },
  {
    id: 'leaf-by-rsa-issuer',
    title: 'links may be signed by different algorithms',
    source: FORMAT,
    ...leaf({}, { parent: base({ key: 'rsa' }) }),
    expect: allow(),
  },
  {
    id: 'leaf-by-rsa-holder',
    title: 'a cwk may be an RSA key',
    source: FORMAT,
    ...leaf({}, { key: 'rsa', parent: base({ cwk: 'rsa' }) }),
    expect: allow(),
  },
  {
    id: 'narrower-scope',
    title: 'a leaf does what it says',
    source: RESTRICT,
    ...leaf({ scope: 'read:/foo/run7' }),
    request: read('/foo/run7/x'),
    expect: allow(),
  },
  {
    id: 'narrower-scope-denies',
    title: 'and nothing else that its parents may',
    source: RESTRICT,
    ...leaf({ scope: 'read:/foo/run7' }),
    request: read('/foo/run8'),
    expect: deny(),
  },
  {
    id: 'narrower-middle-denies',
    title: 'a leaf is measured by every link above it',
    source: RESTRICT,
    ...leaf({ scope: 'queue' }),
    request: test('write', '/foo/own/x'),
    expect: deny(),
  },
  {
    id: 'empty-scope-denies',
    title: 'a leaf may give up everything',
    source: RESTRICT,
    ...leaf({ scope: '' }),
    expect: deny(),
  },
  {
    id: 'narrower-audience',
    title: 'a leaf may be for one of the servers of its parent',
    source: RESTRICT,
    ...leaf({ aud: SERVER }),
    expect: allow(),
  },
  {
    id: 'other-audience',
    title: 'and is then good for no other',
    source: RESTRICT,
    ...leaf({ aud: 'https://b.example' }),
    expect: invalid('aud_mismatch'),
  },
  {
    id: 'any-to-one',
    title: 'a base for everybody becomes a leaf for one server',
    source: RESTRICT,
    ...leaf({ aud: SERVER }, { parent: base({ claims: { aud: 'ANY' } }) }),
    expect: allow(),
  },
  {
    id: 'plain-token',
    title: 'who accepts chains accepts plain tokens as before',
    source: VERIFICATION,
    expect: allow(),
  },
]

const parents: readonly CaseDefinition[] = [
  ...(
    [
      ['base', BASE],
      ['middle', MIDDLE],
    ] as const
  ).map(([id, definition]) => ({
    ...definition,
    id: `${id}-alone`,
    title: `the ${id} of a chain is not accepted by itself`,
    source: ALONE,
    expect: invalid('parent_not_accepted'),
  })),
  {
    id: 'with-its-key',
    title: 'a link with the key of its holder as fourth part is refused',
    source: FORMAT,
    // Of RSA, whose signatures are the same at each run.
    ...base({ key: 'rsa' }),
    mangle: (token) => `${token}.${Buffer.from(JSON.stringify(CHAIN_KEYS['holder'])).toString('base64url')}`,
    expect: invalid('malformed_token'),
  },
]

const widened: readonly CaseDefinition[] = (
  [
    ['scope-root', 'a wider path', { scope: 'read:/' }],
    ['scope-sibling', 'a sibling with a longer name', { scope: 'read:/foobar' }],
    ['scope-other', 'another authorization', { scope: 'write:/foo' }],
    ['scope-includes', 'one that another profile would include', { scope: 'modify:/foo/own' }],
    ['scope-beside', 'a scope beside good ones', { scope: 'read:/foo queue execute' }],
    ['selector', 'a selector of its own', { scope: 'openid' }],
    ['aud-other', 'another audience', { aud: 'https://c.example' }],
    ['aud-beside', 'an audience beside good ones', { aud: [SERVER, 'https://c.example'] }],
    ['aud-any', 'every audience', { aud: 'ANY' }],
    ['exp', 'a longer life', { exp: now(601) }],
    ['nbf', 'an earlier begin', { nbf: now(-6) }],
    ['claim-new', 'a claim that its parent lacks', { admin: true }],
    ['claim-changed', 'another value of a claim', { vo: { name: 'cms', roles: ['a', 'b'] } }],
    ['claim-cut', 'a part of a claim’s value', { vo: { name: 'cms' } }],
    ['sub', 'another subject', { sub: 'root' }],
    ['sub-absent', 'no subject where its parent has one', { sub: ABSENT }],
    ['jti-absent', 'no jti where its parent has one', { jti: ABSENT }],
    ['nbf-absent', 'no nbf where its parent has one', { nbf: ABSENT }],
  ] as const
).map(([id, what, claims]) => ({
  id: `widened-${id}`,
  title: `whoever has the key of a link cannot give a child ${what}`,
  source: RESTRICT,
  ...leaf(claims),
  expect: invalid('widened_chain'),
}))

const broken: readonly CaseDefinition[] = [
  ...(
    [
      ['stranger', 'a child that a stranger signed', leaf({}, { key: 'attacker' })],
      ['issuer', 'a child that the issuer signed instead of the holder', leaf({}, { key: 'ec' })],
      ['link-removed', 'a chain from which a link was removed', { ...lower, parent: BASE }],
      ['child-of-leaf', 'a child of a leaf', leaf({}, { key: 'helper', parent: leaf() })],
      ['typ', 'a link of another type', leaf({}, { header: { typ: 'JWT' } })],
      ['typ-absent', 'a link without type', leaf({}, { header: { typ: ABSENT } })],
      ['crit-absent', 'a link without crit', leaf({}, { header: { crit: ABSENT } })],
      ['crit-more', 'a link whose crit names more', leaf({}, { header: { crit: ['pwt', 'cwk'] } })],
      ['ver', 'a link with the version of a token', leaf({ ver: 'scitoken:2.0' })],
      [
        'private-cwk',
        'a cwk that is a private key',
        leaf({}, { parent: base({ header: { cwk: CHAIN_KEYS['holder'] } }) }),
      ],
    ] as const
  ).map(([id, what, definition]) => ({
    id: `broken-${id}`,
    title: `${what} is refused`,
    source: FORMAT,
    ...definition,
    expect: invalid('broken_chain'),
  })),
  {
    id: 'base-by-stranger',
    title: 'a base that the issuer did not sign is refused',
    source: VERIFICATION,
    ...leaf({}, { parent: base({ key: 'attacker' }) }),
    expect: invalid('bad_signature'),
  },
  {
    id: 'base-of-unknown-key',
    title: 'a base whose key the issuer does not publish is refused',
    source: VERIFICATION,
    ...leaf({}, { parent: base({ header: { kid: 'no-such-key' } }) }),
    expect: invalid('key_not_found'),
  },
  {
    id: 'base-without-kid',
    title: 'a base names its key',
    source: FORMAT,
    ...leaf({}, { parent: base({ header: { kid: ABSENT } }) }),
    expect: invalid('key_not_found'),
  },
  {
    id: 'weak-cwk',
    title: 'a cwk that is too weak is refused',
    source: 'RFC 7518 §3.3',
    ...leaf({}, { key: 'rsa1024', parent: base({ header: { cwk: publicMembers(TEST_KEYS['rsa1024']!) } }) }),
    expect: invalid('weak_key'),
  },
  {
    id: 'link-as-jwt',
    title: 'a link whose payload is a claims set is refused',
    source: ALONE,
    ...leaf({}, { inArray: false }),
    expect: invalid('malformed_token'),
  },
  {
    id: 'parent-as-jwt',
    title: 'a parent whose payload is a claims set is refused',
    source: ALONE,
    ...leaf({}, { parent: base({ inArray: false }) }),
    expect: invalid('malformed_token'),
  },
  {
    id: 'parent-plain-token',
    title: 'a plain token is no parent',
    source: FORMAT,
    ...leaf({}, { parent: { kind: '2.0', claims: BASE.claims! } }),
    expect: invalid('broken_chain'),
  },
  {
    id: 'other-issuer',
    title: 'a leaf that names another issuer than the base is refused, though both are trusted',
    source: VERIFICATION,
    ...leaf({ iss: OTHER_ISSUER }),
    enforcer: { issuers: [ISSUER, OTHER_ISSUER] },
    expect: invalid('widened_chain', 'bad_signature', 'key_not_found'),
  },
  {
    id: 'unknown-issuer',
    title: 'a chain of an issuer that is not trusted is refused',
    source: VERIFICATION,
    ...leaf({ iss: OTHER_ISSUER }),
    expect: invalid('untrusted_issuer'),
  },
  ...['iss', 'aud', 'exp', 'iat', 'scope', 'ver'].map((name) => ({
    id: `missing-${name}`,
    title: `a link without ${name} is refused`,
    source: FORMAT,
    ...without(name, leaf()),
    expect: invalid('missing_claim'),
  })),
  {
    id: 'too-deep',
    title: 'a chain that is deeper than the verifier allows is refused',
    source: VERIFICATION,
    ...lower,
    enforcer: { chains: { maxDepth: 1 } },
    expect: invalid('too_large'),
  },
  {
    id: 'wlcg-groups',
    title: 'a base with wlcg.groups is refused',
    source: FORMAT,
    ...leaf({ 'wlcg.groups': ['/cms'] }, { parent: base({ claims: { 'wlcg.groups': ['/cms'] } }) }),
    expect: invalid('profile_mismatch'),
  },
]

const groups: TokenDefinition = { claims: { ...BASE.claims, groups: ['/cms/prod'], scope: 'read:/foo queue' } }
const SITE = { issuers: { [ISSUER]: { groupsClaim: 'groups', groups: { '/cms/prod': ['write:/prod'] } } } }
const limits: readonly CaseDefinition[] = [
  ...['', 'queue', 'read:/foo queue'].map((scope, index) => ({
    id: `groups-grant-nothing-${index + 1}`,
    title: `a site’s rights for a group are given to no chain, with ${JSON.stringify(scope)} left of its scope`,
    source: RESTRICT,
    ...leaf({ ...groups.claims, scope }, { parent: base(groups) }),
    enforcer: SITE,
    request: test('write', '/prod/x'),
    expect: deny(),
  })),
  {
    id: 'groups-are-none',
    title: 'whoever asks for the groups of a chain is told none',
    source: RESTRICT,
    ...leaf(groups.claims, { parent: base(groups) }),
    enforcer: SITE,
    request: { op: 'group', group: '/cms/prod' },
    expect: deny('group_denied'),
  },
  {
    id: 'lifetime-of-old-base',
    title: 'the longest lifetime that is accepted counts from the base, however young its child is',
    source: RESTRICT,
    ...leaf(
      { exp: now(300) },
      { parent: base({ claims: { iat: now(-432_000), nbf: now(-432_000), exp: now(86_400) } }) },
    ),
    enforcer: { maxLifetime: 3600 },
    expect: invalid('lifetime_too_long'),
  },
  {
    id: 'lifetime-of-young-base',
    title: 'and a short-lived child of a young base lives no longer than it says',
    source: RESTRICT,
    ...leaf({ exp: now(300) }, { parent: base({ claims: { exp: now(518_400) } }) }),
    enforcer: { maxLifetime: 3600 },
    expect: allow(),
  },
  {
    id: 'expired-leaf',
    title: 'a chain ends with its last link',
    source: RESTRICT,
    ...leaf({ exp: now(-1) }),
    expect: invalid('expired'),
  },
  {
    id: 'leaf-of-tomorrow',
    title: 'no link was made in the future',
    source: RESTRICT,
    ...leaf({ iat: now(300) }),
    expect: invalid('not_yet_valid'),
  },
]

export const chains: readonly CaseDefinition[] = [
  ...unaware,
  ...aware([...accepted, ...parents, ...widened, ...broken, ...limits]),
]
