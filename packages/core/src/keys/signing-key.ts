import { given } from '../internal/given.ts'
import { type Algorithm, isAlgorithm } from '../jose/algorithms.ts'
import { ConfigError, quote } from '../errors.ts'
import type { Jwk } from '../jose/jwk.ts'
import {
  exportCryptoKey,
  exportKeyObject,
  isCryptoKey,
  isKeyObject,
  isKeyPair,
  judgeKey,
  type KeyObjectLike,
  type SigningKeyOptions,
} from './key-forms.ts'
import { exportPkcs8Pem, exportSpkiPem, readPem } from './pem.ts'
import { MAX_RSA_BITS, MIN_RSA_BITS } from './public-jwk.ts'
import { makeSignature as makeWebSignature } from '../signature/signature-web.ts'
import { importSigningKey, importVerificationKey, makeSignature, type PlatformKey, verifySignature } from '#signature'

/** Whatever can sign: a key in memory, an HSM, a cloud KMS, a process behind a socket. */
export interface Signer {
  /** The algorithm of its signatures. */
  readonly alg: Algorithm
  /** Goes into the header; verifiers find the key by it. */
  readonly kid: string
  /** Signs bytes; of a curve, `r` and `s` side by side (RFC 7518 section 3.4). */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>
}

/** Forms in which a private key may be handed over. `KeyObject` is Node's, known by its `export` method. */
export type SigningKeyInput = SigningKey | string | Jwk | CryptoKey | CryptoKeyPair | KeyObjectLike

/**
 * A private key that signs tokens. Never printed: JSON and inspection show the `kid` only.
 *
 * Weak keys, keys that do not fit their algorithm, and halves that do not belong together are refused when they are taken in,
 * as verifiers would refuse what they sign: `weak_key`, `unsupported_key`, `unsupported_alg` (family `config`).
 */
export class SigningKey implements Signer {
  /** The algorithm of its signatures. */
  readonly alg: Algorithm
  /** The name that goes into headers: the JWK's own, or its RFC 7638 thumbprint. */
  readonly kid: string
  readonly #jwk: Jwk | undefined
  readonly #publicJwk: Jwk
  readonly #sign: SignFunction

  private constructor(alg: Algorithm, kid: string, jwk: Jwk | undefined, publicJwk: Jwk, signFunction: SignFunction) {
    this.alg = alg
    this.kid = kid
    this.#jwk = jwk
    this.#publicJwk = publicJwk
    this.#sign = signFunction
  }

  /** Makes a new key. Default: ES256. RSA keys have 2048 bits unless `modulusBits` says more. */
  static async generate(
    alg: Algorithm = 'ES256',
    options: { kid?: string; modulusBits?: number } = {},
  ): Promise<SigningKey> {
    if (!isAlgorithm(alg))
      throw new ConfigError('config_error', `${quote(alg)} is not an algorithm this library signs with`)
    const { kid, modulusBits = MIN_RSA_BITS } = options
    if (!Number.isInteger(modulusBits) || modulusBits < MIN_RSA_BITS || modulusBits > MAX_RSA_BITS) {
      throw new ConfigError('weak_key', `an RSA key has ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`)
    }
    const pair = (await crypto.subtle.generateKey(generateParameters(alg, modulusBits), true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const jwk = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as Jwk
    return SigningKey.fromJwk(jwk, { alg, ...given({ kid }) })
  }

  /** Takes in a key of any form: {@link SigningKey}, PEM text, JWK, CryptoKey, pair of CryptoKeys or KeyObject. */
  static async from(input: SigningKeyInput, options: SigningKeyOptions = {}): Promise<SigningKey> {
    if (input instanceof SigningKey) return input.#with(options)
    if (typeof input === 'string') return SigningKey.fromPem(input, options)
    if (isCryptoKey(input) || isKeyPair(input)) return SigningKey.fromCryptoKey(input, options)
    if (isKeyObject(input)) return SigningKey.fromJwk(exportKeyObject(input), options)
    return SigningKey.fromJwk(input, options)
  }

  /** Takes in a private JWK. */
  static async fromJwk(jwk: Jwk, options: SigningKeyOptions = {}): Promise<SigningKey> {
    if (typeof jwk !== 'object' || jwk === null || typeof jwk.d !== 'string')
      throw new ConfigError('config_error', 'the key is no private JWK')
    const { alg, kid, material } = await judgeKey(jwk, options)
    const { d, p, q, dp, dq, qi } = jwk
    const secrets = Object.fromEntries(
      Object.entries({ d, p, q, dp, dq, qi }).filter(([, value]) => value !== undefined),
    )
    let key: PlatformKey
    try {
      key = await importSigningKey({ ...material, ...secrets }, alg)
    } catch {
      // The cause is left out: platforms quote key material in it.
      throw new ConfigError('unsupported_key', 'the key material is not valid for its type')
    }
    const made = new SigningKey(
      alg,
      kid,
      { ...material, ...secrets, kid, alg },
      { ...material, kid, alg, use: 'sig' },
      (data) => makeSignature(alg, key, data),
    )
    return made.#tried(material)
  }

  /** Takes in PEM text: PKCS #8 everywhere, SEC 1 and PKCS #1 too. */
  static async fromPem(pem: string, options: SigningKeyOptions = {}): Promise<SigningKey> {
    return SigningKey.fromJwk(await readPem(pem), options)
  }

  /**
   * Takes in a private CryptoKey, or a pair of them. Of a key that cannot be extracted (a browser's), the pair is needed: it
   * signs, and `exportJwk` and `exportPem` refuse.
   */
  static async fromCryptoKey(key: CryptoKey | CryptoKeyPair, options: SigningKeyOptions = {}): Promise<SigningKey> {
    const { privateKey, publicKey } = isCryptoKey(key) ? { privateKey: key, publicKey: undefined } : key
    if (privateKey.type !== 'private') throw new ConfigError('config_error', 'the CryptoKey is not private')
    if (privateKey.extractable) return SigningKey.fromJwk(await exportCryptoKey(privateKey), options)
    if (!publicKey) throw new ConfigError('config_error', 'the CryptoKey cannot be extracted: hand over the pair')
    const { alg, kid, material } = await judgeKey(await exportCryptoKey(publicKey), options)
    const made = new SigningKey(alg, kid, undefined, { ...material, kid, alg, use: 'sig' }, (data) =>
      makeWebSignature(alg, privateKey, data),
    )
    return made.#tried(material)
  }

  /** The public half as it is published: with `kid`, `alg` and `use`. */
  get publicJwk(): Jwk {
    return { ...this.#publicJwk }
  }

  /** The private key itself. Ask for it by name only to store it. Throws `config_error` for one that cannot be extracted. */
  exportJwk(): Jwk {
    if (!this.#jwk) throw new ConfigError('config_error', 'this key cannot be extracted')
    return { ...this.#jwk }
  }

  /** The private key as PKCS #8 PEM. Throws `config_error` for one that cannot be extracted. */
  async exportPem(): Promise<string> {
    return exportPkcs8Pem(this.exportJwk(), this.alg)
  }

  /** The public half as SPKI PEM (`PUBLIC KEY`). */
  exportPublicPem(): Promise<string> {
    return exportSpkiPem(this.#publicJwk, this.alg)
  }

  /** Signs bytes; a curve's signature is `r` and `s` side by side, as RFC 7518 section 3.4 has it. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#sign(data)
  }

  // Private and public halves may come from anywhere: what one signs must be what the published other verifies.
  async #tried(material: Jwk): Promise<SigningKey> {
    const probe = new TextEncoder().encode('scitokens')
    try {
      const publicKey = await importVerificationKey(material, this.alg)
      if (await verifySignature(this.alg, publicKey, probe, await this.sign(probe))) return this
    } catch {
      // told below: platforms quote key material in their errors
    }
    throw new ConfigError('unsupported_key', 'the private and the public half of the key do not belong together')
  }

  #with({ alg = this.alg, kid = this.kid }: SigningKeyOptions): SigningKey | Promise<SigningKey> {
    return alg === this.alg && kid === this.kid ? this : SigningKey.fromJwk({ ...this.exportJwk(), alg }, { kid })
  }

  /** The name of the key, never the key. */
  toJSON(): { kid: string; alg: Algorithm } {
    return { kid: this.kid, alg: this.alg }
  }
}

type SignFunction = (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>

function generateParameters(
  alg: Algorithm,
  modulusBits: number,
): RsaHashedKeyGenParams | EcKeyGenParams | { name: string } {
  switch (alg) {
    case 'ES256':
      return { name: 'ECDSA', namedCurve: 'P-256' }
    case 'ES384':
      return { name: 'ECDSA', namedCurve: 'P-384' }
    case 'ES512':
      return { name: 'ECDSA', namedCurve: 'P-521' }
    case 'EdDSA':
    case 'Ed25519':
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
