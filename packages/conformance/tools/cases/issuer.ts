import { ABSENT, allow, type CaseDefinition, error, invalid, ISSUER, oneOf } from '../case-kit.ts'
import { pub } from '../test-keys.ts'

const RULE = 'WLCG profile 1.3: trusted list before metadata; compared to the letter'

const claimed: readonly CaseDefinition[] = (
  [
    ['path', `${ISSUER}/vo`, 'a path makes another issuer'],
    ['shorter-host', 'https://demo.example', 'the beginning of a trusted issuer is another issuer'],
    ['userinfo', 'https://demo.example.org@evil.example', 'a trusted name before an @ is another issuer'],
    ['user', 'https://user@demo.example.org', 'a user name makes another issuer'],
    ['space-before', ` ${ISSUER}`, 'a space before it makes another issuer'],
    ['space-after', `${ISSUER} `, 'a space after it makes another issuer'],
    ['line-end', `${ISSUER}\n`, 'a line end makes another issuer'],
    ['nul', `${ISSUER}\0.evil.example`, 'what follows a NUL is part of the issuer'],
    ['scheme-case', 'HTTPS://demo.example.org', 'the scheme in upper case makes another issuer'],
    ['no-scheme', 'demo.example.org', 'without scheme it is another issuer'],
    ['dot-after-host', 'https://demo.example.org.', 'a dot after the host makes another issuer'],
    ['percent-encoded', 'https://demo%2Eexample.org', 'percent-encoding is not undone'],
    ['lookalike', 'https://dеmo.example.org', 'a letter that looks alike makes another issuer'],
    ['backslash', 'https:\\\\demo.example.org', 'backslashes are no slashes'],
    ['dot-segments', 'https://demo.example.org/a/..', 'dot segments are not resolved'],
    ['two', `${ISSUER} https://evil.example`, 'a list in one string is another issuer'],
    ['prototype', '__proto__', 'a name that every object has is no trusted issuer'],
    ['empty', '', 'the empty string is no trusted issuer'],
    ['loopback', 'http://127.0.0.1', 'the machine itself is no trusted issuer'],
    ['metadata-address', 'http://169.254.169.254/latest', 'an address inside a cloud is no trusted issuer'],
    ['file', 'file:///etc/passwd', 'a file is no trusted issuer'],
  ] as const
).map(([id, iss, title]) => ({
  id: `claimed-${id}`,
  title,
  source: RULE,
  claims: { iss },
  expect: invalid('untrusted_issuer'),
}))

const types: readonly CaseDefinition[] = [[ISSUER], { iss: ISSUER }, true, 0].map((iss, index) => ({
  id: `claimed-type-${index + 1}`,
  title: `iss ${JSON.stringify(iss).slice(0, 12)}… is refused: it must be a string`,
  source: index === 0 ? 'CVE-2025-30144, CVE-2024-53861' : 'RFC 7519 §4.1.1',
  claims: { iss },
  expect: invalid('invalid_claim', 'untrusted_issuer'),
}))

const configured: readonly CaseDefinition[] = [
  ...(
    [
      ['none', [], 'no trusted issuer at all'],
      ['empty', [''], 'an empty issuer'],
      ['userinfo', ['https://user:secret@demo.example.org'], 'an issuer with a user name'],
      ['fragment', [`${ISSUER}#x`], 'an issuer with a fragment'],
      ['relative', ['/issuer'], 'an issuer without host'],
      ['ftp', ['ftp://demo.example.org'], 'an issuer that is no https URL'],
      ['file', ['file:///etc'], 'a file as issuer'],
      ['space', ['https://demo.example.org /x'], 'an issuer with a space'],
      ['line-end', [`${ISSUER}\r\n`], 'an issuer with a line end'],
      ['number', [5], 'an issuer that is a number'],
      ['null', [null], 'an issuer that is null'],
      ['absent', ABSENT, 'an absent list of issuers'],
    ] as const
  ).map(([id, issuers, title]) => ({
    id: `configured-${id}`,
    title: `${title} is a configuration error`,
    source: 'RFC 8414 §2; peers: no "any issuer"',
    enforcer: { issuers },
    expect: error('config_error', 'insecure_url'),
  })),
  {
    id: 'configured-path',
    title: 'an issuer with a path is compared with its path',
    source: RULE,
    claims: { iss: `${ISSUER}/vo` },
    enforcer: { issuers: [`${ISSUER}/vo`] },
    jwks: { [`${ISSUER}/vo`]: { keys: [pub('ec')] } },
    expect: allow(),
  },
  {
    id: 'configured-slash',
    title: 'an issuer with a trailing slash is accepted where it is configured so',
    source: RULE,
    claims: { iss: `${ISSUER}/` },
    enforcer: { issuers: [`${ISSUER}/`] },
    jwks: { [`${ISSUER}/`]: { keys: [pub('ec')] } },
    expect: allow(),
  },
  {
    id: 'configured-slash-only',
    title: 'and refused without the slash',
    source: RULE,
    enforcer: { issuers: [`${ISSUER}/`] },
    expect: invalid('untrusted_issuer'),
  },
  {
    id: 'configured-port',
    title: 'an issuer with a port is compared with its port',
    source: RULE,
    claims: { iss: 'https://demo.example.org:8443' },
    enforcer: { issuers: ['https://demo.example.org:8443'] },
    jwks: { 'https://demo.example.org:8443': { keys: [pub('ec')] } },
    expect: allow(),
  },
  {
    id: 'nested-issuers',
    title: 'an issuer does not speak for another one below its path',
    source: RULE,
    claims: { iss: `${ISSUER}/vo` },
    enforcer: { issuers: [ISSUER, `${ISSUER}/vo`] },
    jwks: { [ISSUER]: { keys: [pub('ec')] }, [`${ISSUER}/vo`]: { keys: [pub('rsa')] } },
    expect: invalid('key_not_found'),
  },
  {
    id: 'untrusted-before-anything',
    title: 'an untrusted issuer is refused as such, whatever else is wrong with the token',
    source: 'peers: no request for an issuer that is not trusted',
    claims: { iss: 'https://evil.example', exp: { $now: -5 }, aud: 'elsewhere', scope: 'read' },
    header: { kid: 'unheard-of' },
    expect: invalid('untrusted_issuer'),
  },
  {
    id: 'hostile-text',
    title: 'an issuer of control characters is refused by a typed error',
    source: 'scitokens-cpp 1.2.0: issuer text in messages',
    claims: { iss: '\u001b[2J\u0007'.repeat(50) },
    expect: oneOf(['invalid'], 'untrusted_issuer', 'invalid_claim'),
  },
]

export const issuer: readonly CaseDefinition[] = [...claimed, ...types, ...configured]
