import { createHmac, createPrivateKey, sign } from 'node:crypto'
import {
  ABSENT,
  allow,
  type CaseDefinition,
  claimsText,
  deny,
  headerText,
  invalid,
  oneOf,
  read,
  SERVER,
} from '../case-kit.ts'
import { spelling, TEST_KEYS } from '../test-keys.ts'

const base64url = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64url')

/** A token whose signature is an HMAC with a secret that everybody knows. */
function hmac(alg: string, kid: string, secret: string | Uint8Array): string {
  const input = `${base64url(JSON.stringify({ alg, typ: 'JWT', kid }))}.${base64url(claimsText())}`
  return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`
}

/** An RSA signature with another hash than the header says. */
function withHash(token: string, hash: string): string {
  const input = token.slice(0, token.lastIndexOf('.'))
  const key = createPrivateKey({ key: TEST_KEYS['rsa']!, format: 'jwk' })
  return `${input}.${sign(hash, Buffer.from(input), key).toString('base64url')}`
}

const parts = (token: string): [string, string, string] => token.split('.') as [string, string, string]

/** Another header or payload under the same signature. */
const swapped = (part: 0 | 1, text: string) => (token: string) =>
  parts(token)
    .map((old, index) => (index === part ? base64url(text) : old))
    .join('.')

const flattened = (token: string): string => {
  const [header, payload, signature] = parts(token)
  return JSON.stringify({ protected: header, payload, signature })
}

const UNSUPPORTED = invalid('unsupported_alg')
const MALFORMED = invalid('malformed_token')
const ALG_RULE = 'RFC 8725 §3.1: exact allow-list of algorithms'
const JSON_RULE = 'RFC 8259 §2'

const algorithms: readonly CaseDefinition[] = [
  ...['NONE', 'nOnE', 'none '].map((alg, index) => ({
    id: `alg-none-spelling-${index + 1}`,
    title: `alg ${JSON.stringify(alg)} with an empty signature is refused`,
    source: 'RFC 8725 §2.1',
    header: { alg },
    alg: 'none',
    expect: UNSUPPORTED,
  })),
  {
    id: 'alg-none-signed',
    title: 'alg "none" is refused though a genuine signature follows',
    source: 'RFC 8725 §2.1',
    header: { alg: 'none' },
    alg: 'ES256',
    expect: UNSUPPORTED,
  },
  {
    id: 'alg-none-no-kid',
    title: 'alg "none" without kid is refused before any key is looked for',
    source: 'RFC 8725 §2.1',
    header: { alg: 'none', kid: ABSENT },
    expect: UNSUPPORTED,
  },
  ...['ES256 ', 'ES-256', 'SHA256withECDSA', '', '__proto__', 'constructor', 'toString'].map((alg, index) => ({
    id: `alg-strange-${index + 1}`,
    title: `alg ${JSON.stringify(alg)} is no algorithm`,
    source: ALG_RULE,
    header: { alg },
    alg: 'ES256',
    expect: UNSUPPORTED,
  })),
  ...[null, ['ES256'], { name: 'ES256' }, true].map((alg, index) => ({
    id: `alg-type-${index + 1}`,
    title: `alg ${JSON.stringify(alg)} is refused: it must be a string`,
    source: 'RFC 7515 §4.1.1',
    header: { alg },
    alg: 'ES256',
    expect: invalid('malformed_token', 'unsupported_alg'),
  })),
  ...['RS512', 'PS384', 'PS512'].map((alg) => ({
    id: `alg-${alg.toLowerCase()}`,
    title: `${alg} is refused though the RSA key could do it`,
    source: 'WLCG profile 1.3: RS256 and ES256; CVE-2026-48523',
    key: 'rsa',
    header: { alg },
    expect: UNSUPPORTED,
  })),
  {
    id: 'alg-ed25519',
    title: 'the newer name of EdDSA is not accepted unless asked for either',
    source: 'RFC 9864; WLCG profile 1.3: RS256 and ES256',
    key: 'ed',
    header: { alg: 'Ed25519' },
    expect: UNSUPPORTED,
  },
  {
    id: 'hs256-jwk-text',
    title: 'the JSON text of a published JWK is no HMAC secret',
    source: 'CVE-2026-48526, GHSA-g3jj-5cmm-3hxx',
    token: hmac('HS256', 'rsa', spelling('rsa', 'jwk')),
    expect: UNSUPPORTED,
  },
  {
    id: 'hs256-der',
    title: 'the DER form of a published key is no HMAC secret',
    source: 'CVE-2017-11424',
    token: hmac('HS256', 'ec', spelling('ec', 'der')),
    expect: UNSUPPORTED,
  },
  {
    id: 'hs256-empty-secret',
    title: 'an HMAC with an empty secret is refused',
    source: 'CVE-2026-44699, CVE-2026-45363',
    token: hmac('HS256', 'rsa', ''),
    expect: UNSUPPORTED,
  },
  ...['HS384', 'HS512'].map((alg) => ({
    id: `${alg.toLowerCase()}-pem`,
    title: `${alg} with a public key (PEM) as secret is refused`,
    source: 'CVE-2022-29217',
    token: hmac(alg, 'rsa', spelling('rsa', 'pem')),
    expect: UNSUPPORTED,
  })),
]

const header: readonly CaseDefinition[] = [
  ...[['alg'], 'alg', ['unheard-of'], [5], null, ['cwk'], ['kid', 'kid']].map((crit, index) => ({
    id: `crit-${index + 1}`,
    title: `crit ${JSON.stringify(crit)} is refused`,
    source: 'RFC 7515 §4.1.11, CVE-2026-32597, CVE-2026-35042, CVE-2025-59420',
    header: { crit, 'unheard-of': 1 },
    expect: MALFORMED,
  })),
  {
    id: 'b64-false-uncritical',
    title: 'b64 false is refused also where crit does not name it',
    source: 'RFC 7797 §6',
    header: { b64: false },
    expect: MALFORMED,
  },
  {
    id: 'header-unknown-member',
    title: 'header members that nobody knows are ignored',
    source: 'RFC 7515 §4',
    header: { nonce: 'n', 'x-trace': [1], cty: 'json' },
    expect: allow(),
  },
  {
    id: 'x5u',
    title: 'x5u is never followed',
    source: 'RFC 8725 §3.10',
    key: 'attacker',
    header: { x5u: 'https://evil.example/cert.pem' },
    expect: invalid('bad_signature'),
  },
  {
    id: 'jku-genuine',
    title: 'a jku in a genuine token changes nothing',
    source: 'RFC 8725 §3.10',
    header: { jku: 'https://evil.example/jwks', x5u: 'https://evil.example/cert.pem', x5t: 'AAAA' },
    expect: allow(),
  },
  ...['application/jwt', 'APPLICATION/JWT'].map((typ, index) => ({
    id: `typ-long-${index + 1}`,
    title: `typ ${JSON.stringify(typ)} is JWT`,
    source: 'RFC 7515 §4.1.9: "application/" may be left out; media types have no case',
    header: { typ },
    expect: allow(),
  })),
  ...['id_token+jwt', 'secevent+jwt', 'logout+jwt', 'JOSE+JSON'].map((typ) => ({
    id: `typ-${typ.toLowerCase().replace(/[^a-z]/g, '-')}`,
    title: `a token of the type ${typ} is no access token`,
    source: 'RFC 8725 §3.11',
    header: { typ },
    expect: invalid('profile_mismatch', 'malformed_token'),
  })),
  ...[null, ['JWT'], { a: 1 }].map((typ, index) => ({
    id: `typ-type-${index + 1}`,
    title: `typ ${JSON.stringify(typ)} is refused: it must be a string`,
    source: 'RFC 7515 §4.1.9',
    header: { typ },
    expect: MALFORMED,
  })),
  ...[
    ['header-array', '["alg","RS256"]', 'a header that is an array is refused'],
    ['header-string', '"RS256"', 'a header that is a string is refused'],
    ['header-null', 'null', 'a header that is null is refused'],
    ['header-not-json', '{alg:RS256}', 'a header that is no JSON is refused'],
    ['header-garbage-after', `${headerText()}{}`, 'text after the header is refused'],
    ['header-bom', `\ufeff${headerText()}`, 'a byte order mark before the header is refused'],
    ['header-duplicate-kid', headerText(',"kid":"rsa"'), 'a header with two kid members is refused'],
    ['header-duplicate-escaped', headerText(',"\\u0061lg":"none"'), 'a repeated name is one also when it is escaped'],
    ['header-prototype', '{"__proto__":{"alg":"RS256","kid":"rsa"}}', 'an alg that only the prototype lends is none'],
  ].map(([id, text, title]) => ({
    id: id!,
    title: title!,
    source: 'RFC 7515 §4',
    text: { header: text!, payload: claimsText() },
    expect: invalid('malformed_token', 'unsupported_alg'),
  })),
]

const shape: readonly CaseDefinition[] = [
  ['one-part', (token: string) => parts(token)[1], 'one part is no token'],
  ['trailing-dot', (token: string) => `${token}.`, 'a dot after the token is refused'],
  ['leading-dot', (token: string) => `.${token}`, 'a dot before the token is refused'],
  [
    'no-payload',
    (token: string) => `${parts(token)[0]}..${parts(token)[2]}`,
    'a token with its payload cut out is refused',
  ],
  ['space-inside', (token: string) => token.replace('.', '. '), 'a space inside the token is refused'],
  ['tab-after', (token: string) => `${token}\t`, 'a tab after the token is refused'],
  ['crlf-after', (token: string) => `${token}\r\n`, 'a line end after the token is refused'],
  ['nul-after', (token: string) => `${token}\0`, 'a NUL after the token is refused'],
  ['nul-and-more', (token: string) => `${token}\0.x`, 'what follows a NUL is part of the token'],
  ['bearer-word', (token: string) => `Bearer ${token}`, 'the word Bearer belongs to the HTTP header, not to the token'],
  ['quotes', (token: string) => `"${token}"`, 'a token in quotation marks is refused'],
  ['two-tokens', (token: string) => `${token},${token}`, 'two tokens are no token'],
  ['percent-encoded', (token: string) => token.replaceAll('.', '%2E'), 'percent-encoding is not undone'],
  ['full-width-dots', (token: string) => token.replaceAll('.', '．'), 'full-width dots do not separate'],
  [
    'padded-payload',
    (token: string) =>
      parts(token)
        .map((p, i) => (i === 1 ? `${p}==` : p))
        .join('.'),
    'the payload is written without padding',
  ],
  ['impossible-length', (token: string) => `${token}AAA`, 'a part of an impossible length is refused'],
  ['flattened-json', flattened, 'the JSON serialization of a JWS is refused'],
].map(([id, mangle, title]) => ({
  id: id as string,
  title: title as string,
  source: 'RFC 7515 §2, §7.1',
  mangle: mangle as (token: string) => string,
  expect: id === 'impossible-length' ? invalid('malformed_token', 'bad_signature') : MALFORMED,
}))

const signature: readonly CaseDefinition[] = [
  {
    id: 'header-changed',
    title: 'the signature covers the header: another member is noticed',
    source: 'RFC 7515 §5.2',
    mangle: swapped(0, headerText(',"x":1')),
    expect: invalid('bad_signature'),
  },
  {
    id: 'header-respelt',
    title: 'the signature covers the header as it is written, not what it means',
    source: 'RFC 7515 §5.2',
    mangle: swapped(0, headerText().replaceAll(':', ': ')),
    expect: invalid('bad_signature'),
  },
  {
    id: 'payload-respelt',
    title: 'the signature covers the payload as it is written, not what it means',
    source: 'RFC 7515 §5.2',
    text: { header: headerText(), payload: claimsText() },
    mangle: swapped(1, claimsText().replaceAll(',', ', ')),
    expect: invalid('bad_signature'),
  },
  {
    id: 'rsa-flipped-bit',
    title: 'one changed bit of an RSA signature is noticed',
    source: 'RFC 7518 §3.3',
    mangle: (token) =>
      token.replace(/\.([^.])([^.]*)$/, (_, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`),
    expect: invalid('bad_signature'),
  },
  {
    id: 'rsa-zero-signature',
    title: 'an RSA signature of zeros is refused',
    source: 'RFC 8017 §8.2.2',
    mangle: (token) => `${parts(token).slice(0, 2).join('.')}.${base64url(new Uint8Array(256))}`,
    expect: invalid('bad_signature'),
  },
  {
    id: 'rsa-short-signature',
    title: 'an RSA signature of 255 bytes is refused',
    source: 'RFC 8017 §8.2.2',
    mangle: (token) =>
      `${parts(token).slice(0, 2).join('.')}.${base64url(Buffer.from(parts(token)[2], 'base64url').subarray(1))}`,
    expect: invalid('bad_signature'),
  },
  {
    id: 'rsa-long-signature',
    title: 'an RSA signature with a zero byte in front is refused',
    source: 'RFC 8017 §8.2.2',
    mangle: (token) =>
      `${parts(token).slice(0, 2).join('.')}.${base64url(Buffer.concat([new Uint8Array(1), Buffer.from(parts(token)[2], 'base64url')]))}`,
    expect: invalid('bad_signature'),
  },
  ...['sha1', 'sha512'].map((hash) => ({
    id: `rsa-${hash}`,
    title: `an RS256 signature made with ${hash} is refused`,
    source: 'RFC 7518 §3.3',
    mangle: (token: string) => withHash(token, hash),
    expect: invalid('bad_signature'),
  })),
  {
    id: 'es256-names-p384-key',
    title: 'an ES256 token that names a P-384 key is refused by a typed error',
    source: 'RFC 8725 §3.1',
    header: { kid: 'ec384' },
    expect: invalid('key_not_found', 'unsupported_alg', 'bad_signature'),
  },
]

const json: readonly CaseDefinition[] = [
  ...(
    [
      ['payload-number', '5', 'a payload that is a number is refused'],
      ['payload-true', 'true', 'a payload that is true is refused'],
      ['payload-trailing-comma', claimsText(','), 'a comma after the last claim is refused'],
      ['payload-comment', claimsText('/* more */'), 'comments are no JSON'],
      ['payload-single-quotes', claimsText().replaceAll('"', "'"), 'single quotation marks are no JSON'],
      ['payload-infinity', claimsText(',"x":Infinity'), 'Infinity is no JSON'],
      ['payload-hexadecimal', claimsText(',"x":0x10'), 'hexadecimal numbers are no JSON'],
      ['payload-leading-zero', claimsText(',"x":010'), 'numbers do not begin with a zero'],
      ['payload-control', claimsText(',"x":"a\nb"'), 'a bare control character inside a string is no JSON'],
      ['payload-bad-escape', claimsText(',"x":"\\q"'), 'an unknown escape is no JSON'],
      ['payload-cut', claimsText().slice(0, -1), 'claims without their closing brace are refused'],
      ['payload-two-objects', `${claimsText()} {}`, 'two claims sets are refused'],
      ['payload-utf16', Buffer.from(claimsText(), 'utf16le'), 'claims in UTF-16 are refused'],
      [
        'payload-overlong-utf8',
        Buffer.concat([Buffer.from(claimsText(',"x":"')), Buffer.from([0xc0, 0xaf])]),
        'overlong UTF-8 is refused',
      ],
      ['duplicate-iss', claimsText(`,"iss":"${SERVER}"`), 'claims with two iss members are refused'],
      [
        'duplicate-ver',
        claimsText(',"ver":"scitoken:2.0"'),
        'claims with two ver members are refused, though they say the same',
      ],
      [
        'duplicate-escaped',
        claimsText(',"sco\\u0070e":"write:/"'),
        'a repeated claim is one also when its name is escaped',
      ],
    ] as const
  ).map(([id, payload, title]) => ({
    id,
    title,
    source: id.startsWith('duplicate') ? 'RFC 7519 §4' : JSON_RULE,
    text: { header: headerText(), payload },
    expect: MALFORMED,
  })),
  {
    id: 'payload-white-space',
    title: 'white space around the claims is JSON',
    source: JSON_RULE,
    text: { header: headerText(), payload: `\n  ${claimsText()}\r\n\t` },
    expect: allow(),
  },
  {
    id: 'payload-escaped-name',
    title: 'a claim whose name is escaped is that claim',
    source: 'RFC 8259 §7',
    text: { header: headerText(), payload: claimsText().replace('"scope"', '"sc\\u006fpe"') },
    expect: allow(),
  },
  {
    id: 'payload-huge-number',
    title: 'a number beyond every range in a claim that nobody uses harms nothing, or is refused',
    source: 'RFC 8259 §6',
    text: { header: headerText(), payload: claimsText(',"x":1e400') },
    expect: oneOf(['allow', 'invalid'], 'malformed_token', 'invalid_claim'),
  },
  {
    id: 'prototype-lends-nothing',
    title: 'claims inside __proto__ are no claims of the token',
    source: 'RFC 7519 §4',
    text: { header: headerText(), payload: claimsText(',"__proto__":{"scope":"read:/bar"}', '"read:/foo"') },
    request: read('/bar'),
    expect: deny(),
  },
  {
    id: 'prototype-lends-no-scope',
    title: 'a scope that only __proto__ has is a missing scope',
    source: 'RFC 7519 §4',
    text: {
      header: headerText(),
      payload: claimsText(',"__proto__":{"scope":"read:/foo"}').replace('"scope":"read:/foo",', ''),
    },
    expect: invalid('missing_claim'),
  },
  {
    id: 'prototype-method-names',
    title: 'claims called like methods of objects are unknown claims like others',
    source: 'SciTokens Verification: 2.0 ignores unknown claims',
    claims: { hasOwnProperty: 1, toString: 'x', valueOf: null, toJSON: 'x', __defineGetter__: 1 },
    expect: allow(),
  },
  {
    id: 'hundred-scopes',
    title: 'a token of some kilobytes is ordinary',
    source: 'tokens with many scopes are in the field',
    claims: { scope: Array.from({ length: 100 }, (_, n) => `read:/vo/area/${n}`).join(' ') },
    request: read('/vo/area/99/x'),
    expect: allow(),
  },
]

export const token: readonly CaseDefinition[] = [...algorithms, ...header, ...shape, ...signature, ...json]
