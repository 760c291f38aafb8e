import { encodeBase64url } from './base64url.ts'
import { ConfigError } from '../errors.ts'
import type { Jwk } from './jwk.ts'

/** RFC 7638 thumbprint (SHA-256) of a public JWK. Throws `config_error` where a member that it is made of is missing. */
export async function thumbprint(jwk: Jwk): Promise<string> {
  // In alphabetical order, as the RFC demands.
  const { kty = '' } = jwk ?? {}
  const names = typeof kty === 'string' && Object.hasOwn(THUMBPRINT_MEMBERS, kty) ? THUMBPRINT_MEMBERS[kty] : undefined
  if (!names || !names.every((name) => typeof jwk[name] === 'string'))
    throw new ConfigError('unsupported_key', 'only a complete RSA, EC or OKP key has a thumbprint')
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical))
  return encodeBase64url(new Uint8Array(digest))
}

const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly (keyof Jwk & ('kty' | 'crv' | 'x' | 'y' | 'n' | 'e'))[]>> = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
}
