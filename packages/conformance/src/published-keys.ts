import type { CaseFile, ConformanceCase, PrivateJwk } from './format.ts'

/** Issuer to whatever it publishes where its JWKS should be. An issuer that is not here publishes nothing. */
export type PublishedKeys = Readonly<Record<string, unknown>>

const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi'])

/** The published form of a private JWK. */
export function publicForm(jwk: PrivateJwk): Record<string, unknown> {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name)))
}

/**
 * What each issuer publishes: the file's default sets, replaced by the case's or the step's `jwks`. A `jwks` whose member
 * names are all `https://` URLs is one value per issuer; any other value is what every issuer publishes.
 */
export function publishedKeys(file: CaseFile, testCase: ConformanceCase, jwks: unknown = testCase.jwks): PublishedKeys {
  const published: Record<string, unknown> = {}
  for (const [issuer, names] of Object.entries(file.issuers)) {
    published[issuer] = { keys: names.flatMap((name) => (file.keys[name] ? [publicForm(file.keys[name])] : [])) }
  }
  if (jwks === undefined) return published
  if (isPerIssuer(jwks)) return { ...published, ...jwks }
  const trusted = testCase.enforcer?.['issuers']
  for (const issuer of [...Object.keys(published), ...(Array.isArray(trusted) ? trusted : [])]) {
    if (typeof issuer === 'string') published[issuer] = jwks
  }
  return published
}

function isPerIssuer(jwks: unknown): jwks is Record<string, unknown> {
  if (typeof jwks !== 'object' || jwks === null || Array.isArray(jwks)) return false
  const names = Object.keys(jwks)
  return names.length > 0 && names.every((name) => name.startsWith('https://'))
}
