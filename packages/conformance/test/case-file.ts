import { generateKeyPairSync } from 'node:crypto'

/** A private EC key as a case file holds it. */
export function newKey(kid: string): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
}

export const ISSUER = 'https://demo.example.org'
const AUDIENCE = 'https://a.example'

/** A template of an acceptable 2.0 token. */
export function template(claims: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    key: 'ec',
    header: { alg: 'ES256', typ: 'JWT', kid: 'ec' },
    claims: {
      iss: ISSUER,
      sub: 's',
      aud: AUDIENCE,
      iat: { $now: -5 },
      nbf: { $now: -5 },
      exp: { $now: 600 },
      ver: 'scitoken:2.0',
      scope: 'read:/foo',
      ...claims,
    },
  }
}

/** A case that this project passes, with members replaced. */
export function makeCase(id: string, members: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    title: 'a title',
    source: 'a source',
    template: template(),
    enforcer: { issuers: [ISSUER], audience: [AUDIENCE], profiles: 'compat', clockTolerance: 0 },
    request: { op: 'test', authz: 'read', path: '/foo' },
    expect: { outcome: 'allow' },
    ...members,
  }
}

/** The text of a file with these cases. */
export function makeFile(cases: readonly unknown[], members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    format: 'scitokens-conformance/1',
    now: 1_790_000_000,
    keys: { ec: newKey('ec') },
    issuers: { [ISSUER]: ['ec'] },
    cases,
    ...members,
  })
}
