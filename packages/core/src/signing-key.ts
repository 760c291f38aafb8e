import { type Algorithm, isAlgorithm } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { ConfigError, quote } from './errors.ts'
import type { Jwk } from './jwk.ts'
import { algorithmFits, checkPublicJwk } from './public-jwk.ts'
import { importSigningKey, makeSignature, type PlatformKey } from '#signature'
import { exportPkcs8Pem, readPem } from './pem.ts'

/** Whatever can sign: a key in memory, an HSM, a cloud KMS, a process behind a socket. */
export interface Signer {
  readonly alg: Algorithm
  /** Goes into the header; verifiers find the key by it. */
  readonly kid: string
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>
}

/** Options when a key is taken in. */
export interface SigningKeyOptions {
  /** Default: the JWK's own `alg`, else what its type and curve suggest (RSA: RS256). */
  readonly alg?: Algorithm
  /** Default: the JWK's own `kid`, else its RFC 7638 thumbprint. */
  readonly kid?: string
}

/** Forms in which a private key may be handed over. `KeyObject` is Node's, known by its `export` method. */
export type SigningKeyInput = SigningKey | string | Jwk | CryptoKey | KeyObjectLike

/** The part of Node's `KeyObject` that is needed; naming the type itself would tie core to Node. */
export interface KeyObjectLike {
  readonly type: string
  export(options: { format: 'jwk' }): unknown
}

const DEFAULT_ALGORITHM: Readonly<Record<string, Algorithm>> = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/**
 * A private key that signs tokens. Never printed: JSON and inspection show the `kid` only.
 *
 * Weak keys are refused when they are taken in, as verifiers would refuse what they sign: `weak_key`, `unsupported_key`
 * (family `config`).
 */
export class SigningKey implements Signer {
  readonly alg: Algorithm
  readonly kid: string
  readonly #jwk: Jwk
  readonly #publicJwk: Jwk
  readonly #key: PlatformKey

  private constructor(alg: Algorithm, kid: string, jwk: Jwk, publicJwk: Jwk, key: PlatformKey) {
    this.alg = alg
    this.kid = kid
    this.#jwk = jwk
    this.#publicJwk = publicJwk
    this.#key = key
  }

  /** Makes a new key. Default: ES256. RSA keys have 2048 bits unless `modulusBits` says more. */
  static async generate(
    alg: Algorithm = 'ES256',
    options: { kid?: string; modulusBits?: number } = {},
  ): Promise<SigningKey> {
    if (!isAlgorithm(alg)) throw new ConfigError(`${quote(alg)} is not an algorithm this library signs with`)
    const pair = (await crypto.subtle.generateKey(generateParameters(alg, options.modulusBits), true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const jwk = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as Jwk
    return SigningKey.fromJwk(jwk, { alg, ...(options.kid === undefined ? {} : { kid: options.kid }) })
  }

  /** Takes in a key of any form: {@link SigningKey}, PEM text, JWK, CryptoKey (extractable) or KeyObject. */
  static async from(input: SigningKeyInput, options: SigningKeyOptions = {}): Promise<SigningKey> {
    if (input instanceof SigningKey) return input
    if (typeof input === 'string') return SigningKey.fromPem(input, options)
    if (typeof CryptoKey !== 'undefined' && input instanceof CryptoKey) return SigningKey.fromCryptoKey(input, options)
    if (isKeyObject(input)) return SigningKey.fromJwk(input.export({ format: 'jwk' }) as Jwk, options)
    return SigningKey.fromJwk(input as Jwk, options)
  }

  /** Takes in a private JWK. */
  static async fromJwk(jwk: Jwk, options: SigningKeyOptions = {}): Promise<SigningKey> {
    if (typeof jwk !== 'object' || jwk === null || typeof jwk.d !== 'string')
      throw new ConfigError('the key is no private JWK')
    // Judged like any published key, so that nothing is signed that verifiers refuse.
    const { use: _use, key_ops: _ops, alg: _alg, ...material } = jwk
    const checked = checkPublicJwk(material, false)
    if ('why' in checked) throw new ConfigError(`the key cannot sign: ${checked.why}`, {}, checked.code)
    const alg = options.alg ?? (isAlgorithm(jwk.alg) ? jwk.alg : DEFAULT_ALGORITHM[jwk.crv ?? jwk.kty ?? ''])
    if (alg === undefined || !isAlgorithm(alg) || !algorithmFits(alg, jwk)) {
      throw new ConfigError(`the key does not fit the algorithm ${quote(alg ?? jwk.alg)}`, {}, 'unsupported_alg')
    }
    const { kid: _kid, alg: _own, ...publicMaterial } = checked.jwk
    const kid = options.kid ?? jwk.kid ?? (await thumbprint(publicMaterial))
    const { d, p, q, dp, dq, qi } = jwk
    const secrets = Object.fromEntries(
      Object.entries({ d, p, q, dp, dq, qi }).filter(([, value]) => value !== undefined),
    )
    const header = { kid, alg, use: 'sig' }
    try {
      const key = await importSigningKey({ ...publicMaterial, ...secrets }, alg)
      return new SigningKey(
        alg,
        kid,
        { ...publicMaterial, ...secrets, kid, alg },
        { ...publicMaterial, ...header },
        key,
      )
    } catch {
      // The cause is left out: platforms quote key material in it.
      throw new ConfigError('the key material is not valid for its type', {}, 'unsupported_key')
    }
  }

  /** Takes in PEM text: PKCS #8 everywhere, SEC 1 and PKCS #1 too. */
  static async fromPem(pem: string, options: SigningKeyOptions = {}): Promise<SigningKey> {
    return SigningKey.fromJwk(await readPem(pem), options)
  }

  /** Takes in an extractable private CryptoKey. */
  static async fromCryptoKey(key: CryptoKey, options: SigningKeyOptions = {}): Promise<SigningKey> {
    if (key.type !== 'private' || !key.extractable)
      throw new ConfigError('the CryptoKey must be private and extractable')
    return SigningKey.fromJwk(await crypto.subtle.exportKey('jwk', key), options)
  }

  /** The public half as it is published: with `kid`, `alg` and `use`. */
  get publicJwk(): Jwk {
    return { ...this.#publicJwk }
  }

  /** The private key itself. Ask for it by name only to store it. */
  exportJwk(): Jwk {
    return { ...this.#jwk }
  }

  /** The private key as PKCS #8 PEM. */
  exportPem(): Promise<string> {
    return exportPkcs8Pem(this.#jwk, this.alg)
  }

  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return makeSignature(this.alg, this.#key, data)
  }

  toJSON(): { kid: string; alg: Algorithm } {
    return { kid: this.kid, alg: this.alg }
  }
}

/** RFC 7638 thumbprint (SHA-256) of a public JWK. */
export async function thumbprint(jwk: Jwk): Promise<string> {
  const members = jwk.kty === 'RSA' ? (['e', 'kty', 'n'] as const) : (['crv', 'kty', 'x', 'y'] as const)
  const canonical = Object.fromEntries(
    members.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]]),
  )
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(canonical)))
  return encodeBase64url(new Uint8Array(digest))
}

function isKeyObject(value: unknown): value is KeyObjectLike {
  return typeof value === 'object' && value !== null && typeof (value as KeyObjectLike).export === 'function'
}

function generateParameters(
  alg: Algorithm,
  modulusBits = 2048,
): RsaHashedKeyGenParams | EcKeyGenParams | { name: string } {
  switch (alg) {
    case 'ES256':
      return { name: 'ECDSA', namedCurve: 'P-256' }
    case 'ES384':
      return { name: 'ECDSA', namedCurve: 'P-384' }
    case 'ES512':
      return { name: 'ECDSA', namedCurve: 'P-521' }
    case 'EdDSA':
      return { name: 'Ed25519' }
    case 'RS256':
    case 'PS256':
      return {
        name: alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
        modulusLength: modulusBits,
        publicExponent: new Uint8Array([1, 0, 1]),
      }
  }
}
