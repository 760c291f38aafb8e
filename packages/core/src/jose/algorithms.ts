import { ConfigError, quote } from '../errors.ts'

/** Signature algorithms this project knows at all (DESIGN decision 3): no `none`, no HMAC, under any option. */
export type Algorithm = 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'PS256' | 'EdDSA' | 'Ed25519'

/** What an algorithm asks of a key and of a signature. RFC 7518 section 3, RFC 8037 section 3.1. */
export interface AlgorithmTraits {
  readonly kty: 'EC' | 'RSA' | 'OKP'
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  /** Name of the hash as Web Cryptography spells it. */
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** Exact length of a signature in bytes, where the algorithm fixes one. */
  readonly signatureBytes?: number
}

const TRAITS: Readonly<Record<Algorithm, AlgorithmTraits>> = {
  ES256: { kty: 'EC', crv: 'P-256', hash: 'SHA-256', signatureBytes: 64 },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'SHA-384', signatureBytes: 96 },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'SHA-512', signatureBytes: 132 },
  RS256: { kty: 'RSA', hash: 'SHA-256' },
  PS256: { kty: 'RSA', hash: 'SHA-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
  // RFC 9864: the same by its full name.
  Ed25519: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
}

/** Accepted where the relying party names none: the two that every profile demands. */
export const DEFAULT_ALGORITHMS: readonly Algorithm[] = ['ES256', 'RS256']

/** Exact, case-sensitive: `es256` is no algorithm. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(TRAITS, value)
}

/** The traits of a known algorithm. */
export function traitsOf(alg: Algorithm): AlgorithmTraits {
  return TRAITS[alg]
}

/** Checks a relying party's list of algorithms. Throws `config_error` for anything unknown, `none` and HMAC included. */
export function checkAlgorithms(algorithms: readonly string[]): readonly Algorithm[] {
  if (!Array.isArray(algorithms) || algorithms.length === 0)
    throw new ConfigError('config_error', 'the accepted algorithms must be a list that is not empty')
  for (const alg of algorithms as readonly string[]) {
    if (!isAlgorithm(alg))
      throw new ConfigError('config_error', `${quote(alg)} is not an algorithm this library accepts`)
  }
  return algorithms as readonly Algorithm[]
}
