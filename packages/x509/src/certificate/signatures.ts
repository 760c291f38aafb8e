import { type KeyObject, verify } from 'node:crypto'
import { CertificateRefused } from '../errors.ts'

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
