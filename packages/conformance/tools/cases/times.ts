import { ABSENT, allow, type CaseDefinition, claimsText, error, headerText, invalid, now, oneOf } from '../case-kit.ts'

const NOW = 1_790_000_000
const INVALID = invalid('invalid_claim')
const EXPIRED = invalid('expired')
const NOT_YET = invalid('not_yet_valid', 'invalid_claim')
const NUMERIC_DATE = 'RFC 7519 §2: NumericDate'

const types: readonly CaseDefinition[] = ['exp', 'nbf', 'iat'].flatMap((claim) =>
  [null, true, false, '', [NOW - 5], { seconds: NOW - 5 }].map((value, index) => ({
    id: `${claim}-type-${index + 1}`,
    title: `${claim} ${JSON.stringify(value)} is refused: it must be a number`,
    source: NUMERIC_DATE,
    claims: { [claim]: value },
    expect: INVALID,
  })),
)
// These the adopted cases have already.
const KNOWN = new Set(['exp-type-1', 'exp-type-2', 'exp-type-5', 'nbf-type-2'])

const range: readonly CaseDefinition[] = [
  ...[253_402_300_800, 1e18, 2 ** 53].map((exp, index) => ({
    id: `exp-beyond-${index + 1}`,
    title: `exp ${exp} lies beyond the year 9999 and is refused`,
    source: 'times up to the year 9999',
    claims: { exp },
    expect: INVALID,
  })),
  ...['nbf', 'iat'].flatMap((claim) =>
    [9_300_000_000, 10_000_000_000, 1e18, 2 ** 63].map((value, index) => ({
      id: `${claim}-far-${index + 1}`,
      title: `${claim} ${value} is the future, or no time at all; it never counts as past`,
      source: 'RFC 7519 §4.1.5; clocks that count nanoseconds overflow',
      claims: { [claim]: value, exp: 253_402_300_799 },
      expect: NOT_YET,
    })),
  ),
  ...(
    [
      ['exp-1e400', '"exp":1e400'],
      ['exp-minus-infinity', '"exp":-1e400'],
    ] as const
  ).map(([id, member]) => ({
    id,
    title: `${member} is no time`,
    source: NUMERIC_DATE,
    text: { header: headerText(), payload: claimsText().replace('"exp":1790000600', member) },
    expect: invalid('invalid_claim', 'malformed_token'),
  })),
  {
    id: 'nbf-1e400',
    title: '"nbf":1e400 is never past',
    source: NUMERIC_DATE,
    text: { header: headerText(), payload: claimsText().replace('"nbf":1789999995', '"nbf":1e400') },
    expect: invalid('invalid_claim', 'malformed_token', 'not_yet_valid'),
  },
  {
    id: 'exp-exponent',
    title: 'exp may be written with an exponent',
    source: 'RFC 8259 §6',
    text: { header: headerText(), payload: claimsText().replace('1790000600', '1.7900006e9') },
    expect: allow(),
  },
  {
    id: 'exp-exponent-past',
    title: 'an exponent is read: 1.79e3 is long ago',
    source: 'RFC 8259 §6',
    text: { header: headerText(), payload: claimsText().replace('"exp":1790000600', '"exp":1.79e3') },
    expect: invalid('expired', 'invalid_claim'),
  },
  {
    id: 'exp-milliseconds',
    title: 'exp in milliseconds lies beyond the year 9999',
    source: NUMERIC_DATE,
    claims: { exp: (NOW + 600) * 1000 },
    expect: INVALID,
  },
  {
    id: 'exp-minus-zero',
    title: 'exp -0 is long past',
    source: NUMERIC_DATE,
    text: { header: headerText(), payload: claimsText().replace('"exp":1790000600', '"exp":-0') },
    expect: invalid('expired', 'invalid_claim'),
  },
  {
    id: 'iat-negative',
    title: 'an iat before the epoch is refused or an old time, but exp decides',
    source: NUMERIC_DATE,
    claims: { iat: -1 },
    expect: oneOf(['invalid', 'allow'], 'invalid_claim'),
  },
]

const edges: readonly CaseDefinition[] = [
  ...(['1.0', 'wlcg', 'at+jwt'] as const).map((kind) => ({
    id: `expired-${kind}`,
    title: `a token (${kind}) is refused at exp`,
    source: 'RFC 7519 §4.1.4',
    kind,
    claims: { exp: now(0) },
    expect: EXPIRED,
  })),
  {
    id: 'exp-fraction-next',
    title: 'a fraction of a second before exp the token is accepted',
    source: NUMERIC_DATE,
    claims: { exp: now(0.25) },
    expect: allow(),
  },
  {
    id: 'nbf-fraction-future',
    title: 'a fraction of a second before nbf the token is refused',
    source: NUMERIC_DATE,
    claims: { nbf: now(0.25) },
    expect: NOT_YET,
  },
  {
    id: 'nbf-fraction-past',
    title: 'nbf may have a fraction',
    source: NUMERIC_DATE,
    claims: { nbf: now(-0.75), iat: now(-0.75) },
    expect: allow(),
  },
  {
    id: 'iat-now',
    title: 'a token is accepted in the second it is made',
    source: 'RFC 7519 §4.1.6',
    claims: { iat: now(0), nbf: now(0) },
    expect: allow(),
  },
  ...(['nbf', 'iat'] as const).flatMap((claim) => [
    {
      id: `${claim}-tolerance-edge`,
      title: `${claim} exactly at the tolerance is accepted`,
      source: 'RFC 7519 §4.1.5: small leeway',
      claims: { [claim]: now(60) },
      enforcer: { clockTolerance: 60 },
      expect: allow(),
    },
    {
      id: `${claim}-tolerance-beyond`,
      title: `${claim} one second beyond the tolerance is refused`,
      source: 'RFC 7519 §4.1.5: small leeway',
      claims: { [claim]: now(61) },
      enforcer: { clockTolerance: 60 },
      expect: NOT_YET,
    },
  ]),
  {
    id: 'exp-now-tolerance',
    title: 'the clock tolerance gives no grace in the very second of exp',
    source: 'WLCG profile 1.3: no grace near exp',
    claims: { exp: now(0) },
    enforcer: { clockTolerance: 60 },
    expect: EXPIRED,
  },
  ...(
    [
      ['exp-before-nbf', { nbf: now(40), iat: now(-5), exp: now(30) }, 'exp before nbf'],
      ['exp-is-nbf', { nbf: now(30), iat: now(-5), exp: now(30) }, 'exp equal to nbf'],
      ['exp-is-iat', { nbf: ABSENT, iat: now(30), exp: now(30) }, 'exp equal to iat'],
    ] as const
  ).map(([id, claims, title]) => ({
    id,
    title: `${title} makes a token that is never valid`,
    source: 'a token that never was valid',
    claims,
    enforcer: { clockTolerance: 60 },
    expect: invalid('invalid_claim', 'not_yet_valid'),
  })),
]

const lifetime: readonly CaseDefinition[] = [
  {
    id: 'lifetime-from-iat',
    title: 'a lifetime is measured from iat where there is no nbf',
    source: 'WLCG profile 1.3: lifetimes',
    claims: { nbf: ABSENT, exp: now(21_596) },
    enforcer: { maxLifetime: 21_600 },
    expect: invalid('lifetime_too_long'),
  },
  {
    id: 'lifetime-from-nbf',
    title: 'a lifetime is measured from nbf where there is no iat',
    source: 'WLCG profile 1.3: lifetimes',
    kind: '1.0',
    claims: { iat: ABSENT, exp: now(21_596) },
    enforcer: { maxLifetime: 21_600 },
    expect: invalid('lifetime_too_long'),
  },
  {
    id: 'lifetime-unlimited',
    title: 'without a limit a token may live long',
    source: 'the limit is the relying party’s',
    claims: { exp: now(10 * 365 * 86_400) },
    expect: allow(),
  },
  {
    id: 'lifetime-wlcg',
    title: 'the limit holds for WLCG tokens alike',
    source: 'WLCG profile 1.3: lifetimes',
    kind: 'wlcg',
    claims: { exp: now(86_400) },
    enforcer: { maxLifetime: 21_600 },
    expect: invalid('lifetime_too_long'),
  },
  ...[0, -1, '21600', null].map((maxLifetime, index) => ({
    id: `lifetime-configured-${index + 1}`,
    title: `maxLifetime ${JSON.stringify(maxLifetime)} is a configuration error`,
    source: 'fail closed',
    enforcer: { maxLifetime },
    expect: error('config_error'),
  })),
  ...[-1, '60', null].map((clockTolerance, index) => ({
    id: `tolerance-configured-${index + 1}`,
    title: `clockTolerance ${JSON.stringify(clockTolerance)} is a configuration error`,
    source: 'fail closed',
    enforcer: { clockTolerance },
    expect: error('config_error'),
  })),
]

const overTime: readonly CaseDefinition[] = [
  {
    id: 'same-token-expires',
    title: 'a token that was accepted is refused once it has expired',
    source: 'Pelican #3696: cached decisions end with the token',
    steps: [
      { expect: allow() },
      { now: NOW + 599, expect: allow() },
      { now: NOW + 600, expect: EXPIRED },
      { now: NOW + 6000, expect: EXPIRED },
    ],
    text: { header: headerText(), payload: claimsText(',"jti":"same-token-expires"') },
  },
  {
    id: 'same-token-begins',
    title: 'a token that was too early is accepted when its time has come',
    source: 'RFC 7519 §4.1.5; a refusal is not kept longer than it is true',
    text: {
      header: headerText(),
      payload: claimsText(',"jti":"same-token-begins"').replace('"nbf":1789999995', '"nbf":1790000030'),
    },
    steps: [{ expect: NOT_YET }, { now: NOW + 29, expect: NOT_YET }, { now: NOW + 30, expect: allow() }],
  },
  {
    id: 'clock-goes-back',
    title: 'the clock is not trusted to go forward only',
    source: 'the clock is read at each use',
    steps: [
      { now: NOW + 700, text: { header: headerText(), payload: claimsText(',"jti":"back"') }, expect: EXPIRED },
      { now: NOW, text: { header: headerText(), payload: claimsText(',"jti":"back"') }, expect: allow() },
    ],
  },
  {
    id: 'other-token-after',
    title: 'an expired token says nothing about the next one',
    source: 'no state between tokens',
    steps: [
      { claims: { exp: now(-1) }, expect: EXPIRED },
      { expect: allow() },
      { kind: 'wlcg', claims: { exp: now(-1) }, expect: EXPIRED },
      { kind: '1.0', expect: allow() },
    ],
  },
]

export const times: readonly CaseDefinition[] = [
  ...types.filter(({ id }) => !KNOWN.has(id)),
  ...range,
  ...edges,
  ...lifetime,
  ...overTime,
]
