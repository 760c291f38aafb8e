import { type Algorithm, type Jwk, type Signer, SigningKey, ConfigError } from '@scitokens/core'
import type { Secrets } from '../secrets/secrets.ts'

/** A key that a provider made: what the world may see, and what the provider needs to find the private half again. */
export interface ProvidedKey {
  /** Its name in tokens and in the JWKS. */
  readonly kid: string
  /** The public half. */
  readonly publicJwk: Jwk
  /** Stored beside the public key. Never the private key in the clear. */
  readonly reference: string
}

/**
 * Where private keys live: in the issuer's database under encryption ({@link LocalKeys}, the default), in an HSM, a cloud
 * KMS, or a process of its own. The rotation is the issuer's, whoever holds the keys.
 */
export interface KeyProvider {
  /** Makes a key for an algorithm. */
  create(alg: Algorithm): Promise<ProvidedKey>
  /** Throws `config_error` when the reference leads to no usable key. */
  open(key: ProvidedKey, alg: Algorithm): Promise<Signer>
  /** Called when a key is forgotten for good. */
  destroy?(key: ProvidedKey): Promise<void>
}

/** Keys made in this process and kept in the issuer's database, encrypted with the master key. */
export class LocalKeys implements KeyProvider {
  readonly #secrets: Secrets

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Makes a key; its reference is the private half, encrypted. */
  async create(alg: Algorithm): Promise<ProvidedKey> {
    const key = await SigningKey.generate(alg)
    const reference = this.#secrets.seal('signing-key', JSON.stringify(key.exportJwk()), key.kid)
    return { kid: key.kid, publicJwk: key.publicJwk, reference }
  }

  /** Decrypts the private half. Throws `config_error` where that was made with another master key. */
  async open({ kid, reference }: ProvidedKey, alg: Algorithm): Promise<Signer> {
    const jwk = this.#secrets.open('signing-key', reference, kid)
    if (jwk === undefined) {
      throw new ConfigError(
        'config_error',
        `the signing key ${kid} cannot be decrypted: the master key is not the one it was stored with`,
      )
    }
    return SigningKey.fromJwk(JSON.parse(jwk) as Jwk, { alg, kid })
  }
}
