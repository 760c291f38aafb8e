import { type KeyObject, verify } from 'node:crypto'
import { CertificateRefused } from './defects.ts'

/** Signature algorithms that are good today, with the digest that `node:crypto` wants. SHA-1 and MD5 collide. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const MIN_RSA_BITS = 2048

/** Whether signatures by this algorithm (an OID) mean anything. */
export function isStrongSignature(algorithm: string): boolean {
  return Object.hasOwn(DIGESTS, algorithm)
}

/** Whether a signature over bytes is this key's. Throws {@link CertificateRefused} for weak algorithms. */
export function signatureHolds(algorithm: string, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  if (!isStrongSignature(algorithm)) throw new CertificateRefused('weak_signature', `signed by ${algorithm}`)
  try {
    return verify(DIGESTS[algorithm], signed, key, signature)
  } catch {
    // A key of another type than the algorithm's.
    return false
  }
}

/** Whether a key is long enough, of a type that is known. */
export function isStrongKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (details.modulusLength ?? 0) >= MIN_RSA_BITS
    case 'ec':
      return CURVES.has(details.namedCurve ?? '')
    case 'ed25519':
    case 'ed448':
      return true
    default:
      return false
  }
}
