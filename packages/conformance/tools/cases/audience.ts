import { ABSENT, allow, type CaseDefinition, error, invalid, SERVER } from '../case-kit.ts'

const RULE = 'RFC 7519 §4.1.3: compared to the letter'
const MISMATCH = invalid('aud_mismatch')
const WLCG_ANY = 'https://wlcg.cern.ch/jwt/v1/any'

const claimed: readonly CaseDefinition[] = [
  ...(
    [
      ['space-after', `${SERVER} `],
      ['space-before', ` ${SERVER}`],
      ['line-end', `${SERVER}\n`],
      ['nul', `${SERVER}\0`],
      ['no-scheme', 'a.example'],
      ['http', 'http://a.example'],
      ['scheme-case', 'HTTPS://a.example'],
      ['path', `${SERVER}/x`],
      ['query', `${SERVER}?x`],
      ['shorter', 'https://a.exampl'],
      ['comma-list', `${SERVER},https://b`],
      ['wildcard', 'https://*.example'],
      ['star', '*'],
      ['empty', ''],
      ['any-and-more', 'ANYTHING'],
      ['any-space', ' ANY'],
      ['any-mixed', 'Any'],
      ['prototype', '__proto__'],
    ] as const
  ).map(([id, aud]) => ({
    id: `other-${id}`,
    title: `aud ${JSON.stringify(aud)} is not this server`,
    source: RULE,
    claims: { aud },
    expect: invalid('aud_mismatch', 'missing_claim', 'invalid_claim'),
  })),
  ...[5, null, true, [null], [[]], [SERVER, null], [SERVER, { a: 1 }], [true]].map((aud, index) => ({
    id: `type-${index + 1}`,
    title: `aud ${JSON.stringify(aud).slice(0, 40)} is refused: a string or a list of strings`,
    source: 'RFC 7519 §4.1.3',
    claims: { aud },
    expect: invalid('invalid_claim'),
  })),
  {
    id: 'type-number-unchecked',
    title: 'a number as aud is refused also where the audience is not checked',
    source: 'RFC 7519 §4.1.3',
    claims: { aud: 5 },
    enforcer: { audience: ABSENT, audienceCheck: 'none' },
    expect: invalid('invalid_claim'),
  },
  {
    id: 'array-one',
    title: 'a list of one audience is that audience',
    source: 'RFC 7519 §4.1.3',
    claims: { aud: [SERVER] },
    expect: allow(),
  },
  {
    id: 'array-many',
    title: 'the right audience is found among five hundred',
    source: 'RFC 7519 §4.1.3',
    claims: { aud: [...Array.from({ length: 499 }, (_, n) => `https://s${n}.example`), SERVER] },
    expect: allow(),
  },
  {
    id: 'array-none-ours',
    title: 'a list without this server is refused',
    source: RULE,
    claims: { aud: ['https://b.example', `${SERVER}/`, 'https://A.example'] },
    expect: MISMATCH,
  },
  {
    id: 'array-twice',
    title: 'an audience may be listed twice',
    source: 'RFC 7519 §4.1.3',
    claims: { aud: [SERVER, SERVER] },
    expect: allow(),
  },
  {
    id: 'several-and-several',
    title: 'of several audiences on both sides one in common is enough',
    source: 'peers: one match is enough',
    claims: { aud: ['x', 'y'] },
    enforcer: { audience: ['z', 'y'] },
    expect: allow(),
  },
  {
    id: 'several-none',
    title: 'several configured audiences are alternatives, none of which fits',
    source: 'peers: one match is enough',
    claims: { aud: 'w' },
    enforcer: { audience: ['z', 'y'] },
    expect: MISMATCH,
  },
  {
    id: 'not-a-url',
    title: 'a server may be called by any string',
    source: 'SciTokens Claims: aud',
    claims: { aud: 'storage-1' },
    enforcer: { audience: ['storage-1'] },
    expect: allow(),
  },
]

const everyone: readonly CaseDefinition[] = [
  {
    id: 'any-plural-spelling',
    title: 'ANY fits in a 2.0 token however ver is spelt',
    source: 'SciTokens Claims: aud',
    claims: { aud: 'ANY', ver: 'scitokens:2.0' },
    expect: allow(),
  },
  {
    id: 'any-ver-1.0',
    title: 'ANY means nothing in a token that says scitoken:1.0',
    source: 'SciTokens Claims: ANY came with 2.0',
    claims: { aud: 'ANY', ver: 'scitoken:1.0' },
    expect: MISMATCH,
  },
  {
    id: 'any-1.0-option-in-array',
    title: 'with the option ANY may stand in a list of a 1.0 token',
    source: 'peers: Python accepts it',
    kind: '1.0',
    claims: { aud: ['x', 'ANY'] },
    enforcer: { acceptAnyInV1: true },
    expect: allow(),
  },
  ...(['wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `any-1.0-option-${kind}`,
    title: `the option for 1.0 opens nothing in ${kind} tokens`,
    source: 'ANY belongs to SciTokens',
    kind,
    claims: { aud: 'ANY' },
    enforcer: { acceptAnyInV1: true },
    expect: MISMATCH,
  })),
  ...(['1.0', '2.0', 'at+jwt'] as const).map((kind) => ({
    id: `wlcg-any-in-list-${kind}`,
    title: `the WLCG word for every audience means nothing in ${kind} tokens, in a list too`,
    source: 'WLCG profile 1.3: aud',
    kind,
    claims: { aud: ['x', WLCG_ANY] },
    expect: MISMATCH,
  })),
  ...[
    `${WLCG_ANY}/`,
    'http://wlcg.cern.ch/jwt/v1/any',
    'https://WLCG.cern.ch/jwt/v1/any',
    'https://wlcg.cern.ch/jwt/v1/ANY',
    'https://wlcg.cern.ch/jwt/v2/any',
    'any',
  ].map((aud, index) => ({
    id: `wlcg-any-spelling-${index + 1}`,
    title: `${JSON.stringify(aud)} is not the WLCG word for every audience`,
    source: 'WLCG profile 1.3: aud',
    kind: 'wlcg' as const,
    claims: { aud },
    expect: MISMATCH,
  })),
]

const configured: readonly CaseDefinition[] = [
  ...[[], ['x', 'ANY'], [WLCG_ANY], ['x', ''], [5], [null], 5, {}].map((audience, index) => ({
    id: `configured-${index + 1}`,
    title: `the audience ${JSON.stringify(audience).slice(0, 40)} is a configuration error`,
    source: 'SciTokens Claims: a server must not use ANY; fail closed',
    claims: { aud: 'ANY' },
    enforcer: { audience },
    expect: error('config_error'),
  })),
  ...['off', '', true, null].map((audienceCheck, index) => ({
    id: `check-configured-${index + 1}`,
    title: `audienceCheck ${JSON.stringify(audienceCheck)} is a configuration error: only "none" turns the check off`,
    source: 'fail closed',
    enforcer: { audience: ABSENT, audienceCheck },
    expect: error('config_error'),
  })),
]

export const audience: readonly CaseDefinition[] = [...claimed, ...everyone, ...configured]
