// The Node build of `#signature`: node:crypto checks on the thread pool, with less overhead than Web Cryptography.
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  type SigningOptions,
  sign,
  verify,
} from 'node:crypto'
import { type Algorithm, traitsOf } from './algorithms.ts'
import type { Jwk } from './jwk.ts'

/** A key as this platform holds it. Opaque to everybody else. */
export type PlatformKey = KeyObject

/** Which implementation this is: told in benchmarks and tests. */
export const implementation = 'node:crypto'

/** Imports a public key. Throws for material that is not valid, such as a point off its curve. */
export async function importVerificationKey(jwk: Readonly<Jwk>, _alg: Algorithm): Promise<PlatformKey> {
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** Imports a private key. Throws for material that is not valid. */
export async function importSigningKey(jwk: Readonly<Jwk>, _alg: Algorithm): Promise<PlatformKey> {
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

/** Checks a signature; the work is done off the event loop. */
export function verifySignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(hashName(alg), data, keyInput(alg, key), signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    )
  })
}

/** Makes a signature; the work is done off the event loop. */
export function makeSignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    sign(hashName(alg), data, keyInput(alg, key), (error, signature) => {
      if (error) reject(error)
      else resolve(new Uint8Array(signature))
    })
  })
}

function hashName(alg: Algorithm): string | undefined {
  return traitsOf(alg).hash?.replace('-', '').toLowerCase()
}

function keyInput(alg: Algorithm, key: KeyObject): { key: KeyObject } & SigningOptions {
  if (alg === 'PS256') {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  }
  // RFC 7518 section 3.4: r and s side by side, not DER.
  return { key, dsaEncoding: 'ieee-p1363' }
}
