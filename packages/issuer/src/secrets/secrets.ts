import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { ConfigError } from '@scitokens/core'

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
      throw new ConfigError(`the master key must have ${MASTER_KEY_BYTES} bytes or more`)
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

  /** Encrypts and authenticates (AES-256-GCM). `context` must be given again to {@link open}. */
  seal(purpose: SecretPurpose, text: string, context: string): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key(purpose), nonce)
    cipher.setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
  }

  /** The text that {@link seal} made, or undefined where it was made with another key or context, or changed. */
  open(purpose: SecretPurpose, sealed: string, context: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < 28) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key(purpose), bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }
}

/** A fresh value nobody can guess, base64url. Default: 32 bytes. */
export function randomToken(bytes: number = 32): string {
  return randomBytes(bytes).toString('base64url')
}
