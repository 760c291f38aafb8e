// The build of `#signature` for browsers, workers and every platform without node:crypto: Web Cryptography.
import { type Algorithm, traitsOf } from '../jose/algorithms.ts'
import type { Jwk } from '../jose/jwk.ts'

/** A key as this platform holds it. Opaque to everybody else. */
export type PlatformKey = CryptoKey

/** Which implementation this is: told in benchmarks and tests. */
export const implementation = 'webcrypto'

/** Imports a public key. Throws for material that is not valid, such as a point off its curve. */
export async function importVerificationKey(jwk: Readonly<Jwk>, alg: Algorithm): Promise<PlatformKey> {
  return crypto.subtle.importKey('jwk', bare(jwk) as JsonWebKey, importParameters(alg), false, ['verify'])
}

/** Imports a private key. Throws for material that is not valid. */
export async function importSigningKey(jwk: Readonly<Jwk>, alg: Algorithm): Promise<PlatformKey> {
  return crypto.subtle.importKey('jwk', bare(jwk) as JsonWebKey, importParameters(alg), false, ['sign'])
}

/** Checks a signature. */
export function verifySignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return crypto.subtle.verify(signatureParameters(alg), key, signature, data)
}

/** Makes a signature. */
export async function makeSignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign(signatureParameters(alg), key, data))
}

/** Key material only: `alg`, `use` and `key_ops` have been judged already and would be judged again, differently. */
function bare({ kty, crv, x, y, n, e, d, p, q, dp, dq, qi }: Readonly<Jwk>): Jwk {
  const members = { kty, crv, x, y, n, e, d, p, q, dp, dq, qi }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function importParameters(alg: Algorithm): RsaHashedImportParams | EcKeyImportParams | { name: string } {
  const { kty, crv, hash } = traitsOf(alg)
  if (kty === 'OKP') return { name: 'Ed25519' }
  if (kty === 'EC') return { name: 'ECDSA', namedCurve: crv! }
  return { name: alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: hash! }
}

function signatureParameters(alg: Algorithm): EcdsaParams | RsaPssParams | { name: string } {
  const { kty, hash } = traitsOf(alg)
  if (kty === 'OKP') return { name: 'Ed25519' }
  if (kty === 'EC') return { name: 'ECDSA', hash: hash! }
  return alg === 'PS256' ? { name: 'RSA-PSS', saltLength: 32 } : { name: 'RSASSA-PKCS1-v1_5' }
}
