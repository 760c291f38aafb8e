import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { ConfigError } from '@scitokens/core'
import { NONCE_BYTES, open, seal, TAG_BYTES } from '@scitokens/host/sealing'

/** What a derived key is for. One purpose never stands in for another. */
export type SecretPurpose = 'signing-key' | 'refresh-token' | 'lookup' | 'client-secret' | 'session' | 'page'

/** Bytes of the master key. */
export const MASTER_KEY_BYTES = 32

/**
 * Everything the issuer keeps secret at rest hangs on one master key: private signing keys are encrypted with it, tokens
 * and client secrets are stored as keyed hashes only. Whoever has the database alone has neither.
 */
export class Secrets {
  readonly #keys = new Map<SecretPurpose, KeyObject>()
  readonly #master: Uint8Array

  /** @param master - 32 bytes or more. Throws `config_error` for less. */
  constructor(master: Uint8Array) {
    if (master.length < MASTER_KEY_BYTES)
      throw new ConfigError('config_error', `the master key must have ${MASTER_KEY_BYTES} bytes or more`)
    this.#master = Uint8Array.from(master)
  }

  #key(purpose: SecretPurpose): KeyObject {
    let key = this.#keys.get(purpose)
    if (!key) {
      // As a KeyObject it is prepared once, not with every hash.
      key = createSecretKey(Buffer.from(hkdfSync('sha256', this.#master, '', `scitokens issuer ${purpose}`, 32)))
      this.#keys.set(purpose, key)
    }
    return key
  }

  /** A keyed hash, base64url. */
  hash(purpose: SecretPurpose, ...parts: readonly string[]): string {
    return this.#digest(purpose, parts).toString('base64url')
  }

  /** Whether `mac` is the keyed hash of these parts, in constant time. */
  matches(purpose: SecretPurpose, mac: string, ...parts: readonly string[]): boolean {
    const expected = this.#digest(purpose, parts)
    const given = Buffer.from(mac, 'base64url')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  #digest(purpose: SecretPurpose, parts: readonly string[]): Buffer {
    // Lengths first: ("ab", "c") and ("a", "bc") must differ.
    const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')
    return createHmac('sha256', this.#key(purpose)).update(text).digest()
  }

  /** Encrypts and authenticates. `context` must be given again to {@link open}. As base64url: nonce, tag, encrypted text. */
  seal(purpose: SecretPurpose, text: string, context: string): string {
    const { nonce, tag, body } = seal(this.#key(purpose), text, context)
    return Buffer.concat([nonce, tag, body]).toString('base64url')
  }

  /** The text that {@link seal} made, or undefined where it was made with another key or context, or changed. */
  open(purpose: SecretPurpose, sealed: string, context: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    const start = NONCE_BYTES + TAG_BYTES
    const parts = {
      nonce: bytes.subarray(0, NONCE_BYTES),
      tag: bytes.subarray(NONCE_BYTES, start),
      body: bytes.subarray(start),
    }
    return open(this.#key(purpose), parts, context)
  }
}

/** A fresh value nobody can guess, base64url. Default: 32 bytes. */
export function randomToken(bytes: number = 32): string {
  return randomBytes(bytes).toString('base64url')
}
