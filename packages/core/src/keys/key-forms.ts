// The forms in which a private key is handed over, and what is asked of it.
import { type Algorithm, isAlgorithm } from '../jose/algorithms.ts'
import { ConfigError, quote } from '../errors.ts'
import type { Jwk } from '../jose/jwk.ts'
import { algorithmFits, checkPublicJwk, isSameAlgorithm } from './public-jwk.ts'
import { thumbprint } from '../jose/thumbprint.ts'

/** Options of `SigningKey.from` and its like. */
export interface SigningKeyOptions {
  /** The algorithm that the key signs with. Default: the JWK's own `alg`, else what its type and curve suggest (RSA: RS256). */
  readonly alg?: Algorithm
  /** The name that tokens give for the key. Default: the JWK's own `kid`, else its RFC 7638 thumbprint. */
  readonly kid?: string
}

/** The part of Node's `KeyObject` that is needed; naming the type itself would tie core to Node. */
export interface KeyObjectLike {
  /** `private`, `public` or `secret`. */
  readonly type: string
  /** The key as JWK. */
  export(options: { format: 'jwk' }): unknown
}

const DEFAULT_ALGORITHM: Readonly<Record<string, Algorithm>> = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/** A key that may sign. */
export interface JudgedKey {
  readonly alg: Algorithm
  readonly kid: string
  /** Public members that make the key, and nothing else. */
  readonly material: Jwk
}

/** Judges a key like any published one, so that nothing is signed that verifiers refuse, and settles `alg` and `kid`. */
export async function judgeKey(jwk: Jwk, options: SigningKeyOptions): Promise<JudgedKey> {
  const { use, key_ops: _ops, alg: own, ...rest } = jwk
  if (use !== undefined && use !== 'sig') throw new ConfigError('unsupported_key', 'the key is not for signatures')
  const checked = checkPublicJwk(rest, false)
  if ('why' in checked) throw new ConfigError(checked.code, `the key cannot sign: ${checked.why}`)
  const alg = options.alg ?? own ?? DEFAULT_ALGORITHM[jwk.crv ?? jwk.kty ?? '']
  const fits = isAlgorithm(alg) && algorithmFits(alg, jwk) && (own === undefined || isSameAlgorithm(own, alg))
  if (!fits) throw new ConfigError('unsupported_alg', `the key does not fit the algorithm ${quote(alg)}`)
  const { kid: _kid, alg: _alg, ...material } = checked.jwk
  const kid = options.kid ?? jwk.kid ?? (await thumbprint(material))
  if (typeof kid !== 'string' || kid === '')
    throw new ConfigError('config_error', 'the kid of a key must be a string that is not empty')
  return { alg, kid, material }
}

/** Whether this is Web Cryptography's key. */
export function isCryptoKey(value: unknown): value is CryptoKey {
  return typeof CryptoKey !== 'undefined' && value instanceof CryptoKey
}

/** Whether this is a pair of Web Cryptography's keys. */
export function isKeyPair(value: unknown): value is CryptoKeyPair {
  return typeof value === 'object' && value !== null && isCryptoKey((value as CryptoKeyPair).privateKey)
}

/** The key as JWK. Throws `unsupported_key`. */
export async function exportCryptoKey(key: CryptoKey): Promise<Jwk> {
  try {
    return await crypto.subtle.exportKey('jwk', key)
  } catch {
    throw new ConfigError('unsupported_key', 'the CryptoKey cannot be exported as JWK')
  }
}

/** The key as JWK. Throws `unsupported_key`. */
export function exportKeyObject(key: KeyObjectLike): Jwk {
  try {
    return key.export({ format: 'jwk' }) as Jwk
  } catch {
    throw new ConfigError('unsupported_key', 'the KeyObject cannot be exported as JWK')
  }
}

/** Whether this is Node's key. */
export function isKeyObject(value: unknown): value is KeyObjectLike {
  return typeof value === 'object' && value !== null && typeof (value as KeyObjectLike).export === 'function'
}
