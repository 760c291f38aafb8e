// The Node build of `#signature`: node:crypto, with less overhead than Web Cryptography.
import type { KeyObject, SigningOptions } from 'node:crypto'
import { type Algorithm, traitsOf } from '../jose/algorithms.ts'
import { CheckQueue } from './check-queue.ts'
import { fromDerSignature, toDerSignature } from './der-signature.ts'
import type { Jwk } from '../jose/jwk.ts'

// Loaded at the first key: a program that only reads tokens or scopes does without, and has core in half the time.
let loaded: typeof import('node:crypto') | undefined
function nodeCrypto(): typeof import('node:crypto') {
  return (loaded ??= process.getBuiltinModule('node:crypto'))
}

/** A key as this platform holds it. Opaque to everybody else. */
export type PlatformKey = KeyObject

/** Which implementation this is: told in benchmarks and tests. */
export const implementation = 'node:crypto'

/** Imports a public key. Throws for material that is not valid, such as a point off its curve. */
export async function importVerificationKey(jwk: Readonly<Jwk>, _alg: Algorithm): Promise<PlatformKey> {
  return nodeCrypto().createPublicKey({ key: jwk, format: 'jwk' })
}

/** Imports a private key. Throws for material that is not valid. */
export async function importSigningKey(jwk: Readonly<Jwk>, _alg: Algorithm): Promise<PlatformKey> {
  return nodeCrypto().createPrivateKey({ key: jwk, format: 'jwk' })
}

interface Check {
  readonly alg: Algorithm
  readonly key: PlatformKey
  readonly data: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

const checks = new CheckQueue<Check>({
  now: ({ alg, key, data, signature }) =>
    nodeCrypto().verify(HASH_NAMES[alg], data, verificationKey(alg, key), nativeSignature(alg, signature)),
  elsewhere: ({ alg, key, data, signature }, done) =>
    nodeCrypto().verify(HASH_NAMES[alg], data, verificationKey(alg, key), nativeSignature(alg, signature), done),
})

/** Checks a signature: at once, or together with many others, without keeping the event loop. */
export function verifySignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): boolean | Promise<boolean> {
  return checks.run({ alg, key, data, signature })
}

/**
 * Makes a signature. RSA is done off the event loop; a signature on a curve is made at once, because handing it to a thread and
 * back costs as much processor time again as the signature itself.
 */
export async function makeSignature(
  alg: Algorithm,
  key: PlatformKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { kty, signatureBytes = 0 } = traitsOf(alg)
  if (kty === 'EC') return fromDerSignature(nodeCrypto().sign(HASH_NAMES[alg], data, key), signatureBytes / 2)
  if (kty === 'OKP') return new Uint8Array(nodeCrypto().sign(HASH_NAMES[alg], data, key))
  return new Promise((resolve, reject) => {
    nodeCrypto().sign(HASH_NAMES[alg], data, keyInput(alg, key), (error, signature) => {
      if (error) reject(error)
      else resolve(new Uint8Array(signature))
    })
  })
}

/** As OpenSSL names them; Ed25519 has its own. */
const HASH_NAMES: Readonly<Record<Algorithm, string | undefined>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  RS256: 'sha256',
  PS256: 'sha256',
  EdDSA: undefined,
  Ed25519: undefined,
}

type VerifyKey = Parameters<typeof import('node:crypto').verify>[2]

// A key beside options costs node:crypto 20 µs in every call, as much as an RSA check itself: only RSA-PSS needs them.
function verificationKey(alg: Algorithm, key: KeyObject): VerifyKey {
  return alg === 'PS256' ? keyInput(alg, key) : key
}

function nativeSignature(alg: Algorithm, signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return traitsOf(alg).kty === 'EC' ? toDerSignature(signature) : signature
}

function keyInput(alg: Algorithm, key: PlatformKey): KeyObject | ({ key: KeyObject } & SigningOptions) {
  if (alg === 'PS256') {
    const { constants } = nodeCrypto()
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  }
  return key
}
