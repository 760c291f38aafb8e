import { ABSENT, allow, type CaseDefinition, invalid, ISSUER, OTHER_ISSUER, oneOf, UNUSABLE_KEY } from '../case-kit.ts'
import { pub } from '../test-keys.ts'

const KID_RULE = 'RFC 7515 §4.1.4: kid is compared to the letter'
const set = (...keys: unknown[]): object => ({ keys })
const NO_KID = { kid: ABSENT }
const UNUSABLE = invalid(...UNUSABLE_KEY)

const kid: readonly CaseDefinition[] = [
  ...(
    [
      ['case', 'EC'],
      ['space-after', 'ec '],
      ['newline-after', 'ec\n'],
      ['nul-after', 'ec\0'],
      ['prototype', '__proto__'],
      ['constructor', 'constructor'],
      ['length', 'length'],
      ['index', '0'],
      ['path', '../../../../etc/passwd'],
      ['url', 'https://evil.example/jwks.json'],
      ['sql', "ec' OR '1'='1"],
      ['wildcard', '*'],
      ['long', 'k'.repeat(4000)],
      ['lookalike', 'еc'],
    ] as const
  ).map(([id, value]) => ({
    id: `kid-${id}`,
    title: `a kid that is ${id === 'long' ? 'four thousand characters long' : JSON.stringify(value)} names no key of this issuer`,
    source: id === 'sql' ? 'CVE-2026-32714' : KID_RULE,
    header: { kid: value },
    expect: invalid('key_not_found'),
  })),
  ...[null, ['ec'], { kid: 'ec' }, true].map((value, index) => ({
    id: `kid-type-${index + 1}`,
    title: `kid ${JSON.stringify(value)} is refused: it must be a string`,
    source: 'RFC 7515 §4.1.4',
    header: { kid: value },
    expect: invalid('malformed_token'),
  })),
  {
    id: 'kid-empty-published',
    title: 'an empty kid is a kid like others where a key has it',
    source: KID_RULE,
    header: { kid: '' },
    jwks: set(pub('ec', { kid: '' })),
    expect: allow(),
  },
  {
    id: 'kid-empty-other-key',
    title: 'an empty kid does not mean "whichever key there is"',
    source: KID_RULE,
    header: { kid: '' },
    jwks: set(pub('ec')),
    expect: invalid('key_not_found'),
  },
  {
    id: 'kid-number-published',
    title: 'a published kid that is a number is no kid "5"',
    source: 'RFC 7517 §4.5',
    header: { kid: '5' },
    jwks: set(pub('ec', { kid: 5 })),
    expect: UNUSABLE,
  },
  {
    id: 'kid-named-key-nameless',
    title: 'a kid that no key has is refused, though the only key has no name',
    source: KID_RULE,
    jwks: set(pub('ec', { kid: undefined })),
    expect: invalid('key_not_found'),
  },
  {
    id: 'no-kid-nameless-key',
    title: 'a SciToken without kid is accepted by the only key, which has none either',
    source: 'RFC 7517 §4.5: kid is optional',
    header: NO_KID,
    jwks: set(pub('ec', { kid: undefined })),
    expect: allow(),
  },
  {
    id: 'no-kid-one-of-its-type',
    title: 'a SciToken without kid is accepted where only one key fits its algorithm',
    source: 'RFC 7517 §4.5; peers: exactly one usable key',
    header: NO_KID,
    jwks: set(pub('rsa'), pub('ec'), pub('ec384')),
    expect: allow(),
  },
  {
    id: 'no-kid-one-usable',
    title: 'keys that verify nothing are not counted',
    source: 'RFC 7517 §4.2',
    header: NO_KID,
    jwks: set(pub('other', { use: 'enc' }), pub('ec')),
    expect: allow(),
  },
  {
    id: 'no-kid-wrong-key',
    title: 'the only key must have made the signature',
    source: 'RFC 7515 §5.2',
    header: NO_KID,
    jwks: set(pub('other')),
    expect: invalid('bad_signature'),
  },
  {
    id: 'no-kid-1.0',
    title: 'a 1.0 token without kid is accepted when exactly one key is published',
    source: 'peers: Python and C++ accept it',
    kind: '1.0',
    header: NO_KID,
    jwks: set(pub('ec')),
    expect: allow(),
  },
  {
    id: 'no-kid-wlcg-optional-elsewhere',
    title: 'a WLCG token must name its key whatever SciTokens may do',
    source: 'WLCG profile 1.3: kid is required',
    kind: 'wlcg',
    header: NO_KID,
    jwks: set(pub('ec', { kid: undefined })),
    expect: invalid('key_not_found', 'malformed_token'),
  },
  {
    id: 'no-kid-after-others',
    title: 'which key a nameless token finds does not depend on tokens before it',
    source: 'peers: a warm cache must not decide',
    header: NO_KID,
    steps: [
      { header: { kid: 'ec' }, expect: allow() },
      { expect: invalid('key_not_found') },
      { header: { kid: 'rsa', alg: 'RS256' }, key: 'rsa', expect: allow() },
      { expect: invalid('key_not_found') },
    ],
    jwks: set(pub('ec'), pub('attacker', { kid: 'second' }), pub('rsa')),
  },
  {
    id: 'kid-flood',
    title: 'many unknown kids harm nothing',
    source: 'peers: bounded work for unknown kids',
    steps: [
      ...Array.from({ length: 20 }, (_, n) => ({ header: { kid: `unknown-${n}` }, expect: invalid('key_not_found') })),
      { expect: allow() },
    ],
  },
]

const material: readonly CaseDefinition[] = [
  ...(
    [
      ['x-missing', { x: undefined }],
      ['y-missing', { y: undefined }],
      ['x-number', { x: 5 }],
      ['x-empty', { x: '' }],
      ['x-space', { x: ` ${pub('ec')['x'] as string}` }],
      ['x-long', { x: `AAAA${pub('ec')['x'] as string}` }],
      ['x-short', { x: (pub('ec')['x'] as string).slice(4) }],
      ['zero-point', { x: 'A'.repeat(43), y: 'A'.repeat(43) }],
      ['swapped', { x: pub('ec')['y'], y: pub('ec')['x'] }],
      ['beyond-field', { x: `${'_'.repeat(42)}8` }],
      ['kty-lower-case', { kty: 'ec' }],
      ['kty-okp', { kty: 'OKP' }],
      ['kty-number', { kty: 1 }],
      ['crv-lower-case', { crv: 'p-256' }],
      ['crv-name', { crv: 'prime256v1' }],
      ['crv-secp256k1', { crv: 'secp256k1' }],
      ['alg-es384', { alg: 'ES384' }],
      ['alg-lower-case', { alg: 'es256' }],
      ['alg-ecdh', { alg: 'ECDH-ES' }],
      ['alg-number', { alg: 256 }],
      ['alg-null', { alg: null }],
      ['use-upper-case', { use: 'SIG' }],
      ['use-null', { use: null }],
      ['use-list', { use: ['sig'] }],
      ['key-ops-empty', { key_ops: [] }],
      ['key-ops-string', { key_ops: 'verify' }],
      ['key-ops-encrypt', { key_ops: ['encrypt', 'wrapKey'] }],
    ] as const
  ).map(([id, changes]) => ({
    id,
    title: `an EC key with ${JSON.stringify(changes).slice(0, 60)} in place of the right members is not usable`,
    source: id.startsWith('use') || id.startsWith('key-ops') ? 'RFC 7517 §4.2, §4.3' : 'RFC 7518 §6.2.1, RFC 7517 §4.4',
    jwks: set(pub('ec', changes)),
    expect: UNUSABLE,
  })),
  ...(
    [
      ['n-missing', { n: undefined }],
      ['e-missing', { e: undefined }],
      ['e-number', { e: 65_537 }],
      ['e-one', { e: 'AQ' }],
      ['e-even', { e: 'AQAA' }],
      ['e-zero', { e: 'AA' }],
      ['n-plain-base64', { n: (pub('rsa')['n'] as string).replaceAll('-', '+').replaceAll('_', '/') }],
      ['alg-rs384', { alg: 'RS384' }],
      ['alg-rsa-oaep', { alg: 'RSA-OAEP' }],
      ['alg-ps256', { alg: 'PS256' }],
    ] as const
  ).map(([id, changes]) => ({
    id: `rsa-${id}`,
    title: `an RSA key with ${JSON.stringify(changes).slice(0, 60)} in place of the right members is not usable`,
    source: 'RFC 7518 §6.3.1, RFC 7517 §4.4',
    key: 'rsa',
    jwks: set(pub('rsa', changes)),
    expect: invalid(...UNUSABLE_KEY, 'weak_key'),
  })),
  {
    id: 'key-ops-several',
    title: 'a key that may do more than verify may verify',
    source: 'RFC 7517 §4.3',
    jwks: set(pub('ec', { use: undefined, key_ops: ['sign', 'verify'] })),
    expect: allow(),
  },
  {
    id: 'unknown-members',
    title: 'members of a JWK that nobody knows are ignored',
    source: 'RFC 7517 §4',
    jwks: set(pub('ec', { colour: 'red', x5t: 'AAAA', ext: true, iat: 5 })),
    expect: allow(),
  },
  {
    id: 'x5c-of-another-key',
    title: 'a certificate beside the coordinates does not replace them',
    source: 'RFC 7517 §4.7',
    key: 'attacker',
    jwks: set(pub('ec', { x5c: ['MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV0Rl7dKn4fEp4ntP4s1vRaRgk8'] })),
    expect: invalid('bad_signature'),
  },
  {
    id: 'private-rsa-published',
    title: 'a private RSA key in the set is used for its public part only',
    source: 'RFC 7517 §9.2',
    key: 'rsa',
    jwks: set(pub('rsa', { d: 'AQAB', p: 'AQAB', q: 'AQAB' })),
    expect: allow(),
  },
]

const sets: readonly CaseDefinition[] = [
  ...[
    null,
    'keys',
    5,
    true,
    {},
    { keys: 'ec' },
    { keys: 5 },
    { Keys: [pub('ec')] },
    { jwks: { keys: [pub('ec')] } },
  ].map((jwks, index) => ({
    id: `set-shape-${index + 1}`,
    title: `${JSON.stringify(jwks).slice(0, 20)} is no key set: a typed refusal`,
    source: 'RFC 7517 §5',
    jwks,
    expect: oneOf(['invalid', 'error'], 'discovery_failed', 'key_not_found', 'config_error'),
  })),
  {
    id: 'set-unknown-members',
    title: 'members of a key set that nobody knows are ignored',
    source: 'RFC 7517 §5',
    jwks: { keys: [pub('ec')], version: 3, expires: 'never' },
    expect: allow(),
  },
  {
    id: 'set-weak-and-good',
    title: 'a weak key beside a good one does not spoil it',
    source: 'RFC 7517 §5: keys that cannot be used are skipped',
    jwks: set(pub('rsa1024'), pub('rsa-e3'), pub('ec', { kid: 'x', crv: 'P-521' }), pub('ec')),
    expect: allow(),
  },
  {
    id: 'set-weak-namesake',
    title: 'an unusable key with the same kid does not hide the good one',
    source: 'RFC 7517 §4.5, §5',
    key: 'rsa',
    jwks: set(pub('rsa1024', { kid: 'rsa' }), pub('ec', { kid: 'rsa', use: 'enc' }), pub('rsa')),
    expect: allow(),
  },
  {
    id: 'set-same-key-twice',
    title: 'a key that is published twice is usable',
    source: 'RFC 7517 §5',
    jwks: set(pub('ec'), pub('ec')),
    expect: allow(),
  },
  {
    id: 'set-twenty-keys',
    title: 'the right key is found among twenty',
    source: 'RFC 7517 §5',
    jwks: set(...Array.from({ length: 19 }, (_, n) => pub('attacker', { kid: `old-${n}` })), pub('ec')),
    expect: allow(),
  },
]

const overTime: readonly CaseDefinition[] = [
  {
    id: 'withdrawn',
    title: 'a key that the issuer no longer publishes verifies nothing any more',
    source: 'WLCG profile 1.3: withdrawal of keys; peers: kept until it expires',
    steps: [
      { expect: allow() },
      { jwks: set(pub('rsa')), expect: invalid('key_not_found') },
      { jwks: set(pub('rsa')), key: 'rsa', expect: allow() },
    ],
  },
  {
    id: 'replaced-under-its-name',
    title: 'another key under the same kid makes old signatures worthless',
    source: 'RFC 7517 §4.5',
    steps: [
      { expect: allow() },
      { jwks: set(pub('other')), expect: invalid('bad_signature') },
      { jwks: set(pub('other')), key: 'other', expect: allow() },
    ],
  },
  {
    id: 'rotated',
    title: 'while old and new key are published, tokens of both are accepted',
    source: 'WLCG profile 1.3: rotation of keys',
    jwks: set(pub('ec'), pub('rsa')),
    steps: [{ expect: allow() }, { key: 'rsa', expect: allow() }, { expect: allow() }],
  },
]

const issuers: readonly CaseDefinition[] = [
  {
    id: 'other-issuers-key',
    title: 'a key that another trusted issuer publishes verifies nothing here',
    source: 'CVE-2025-59936',
    enforcer: { issuers: [ISSUER, OTHER_ISSUER] },
    key: 'rsa',
    jwks: { [ISSUER]: set(pub('ec')), [OTHER_ISSUER]: set(pub('rsa')) },
    steps: [
      { claims: { iss: OTHER_ISSUER }, expect: allow() },
      { claims: { iss: ISSUER }, expect: invalid('key_not_found') },
    ],
  },
  {
    id: 'publishes-nothing',
    title: 'a trusted issuer whose keys cannot be had: nothing is allowed, and it is said so',
    source: 'DESIGN: "not acceptable" and "could not decide" are never mixed up',
    claims: { iss: 'https://silent.example.org' },
    enforcer: { issuers: ['https://silent.example.org'] },
    expect: oneOf(['invalid', 'error'], 'discovery_failed', 'key_not_found', 'untrusted_issuer'),
  },
]

export const keys: readonly CaseDefinition[] = [...kid, ...material, ...sets, ...overTime, ...issuers]
