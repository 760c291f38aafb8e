import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { ConfigError } from '@scitokens/core'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts what must not be readable at rest: AES-256-GCM with a random nonce (NIST SP 800-38D section 8.2.2). Each text is bound to the
 * place it belongs to, so that whoever can write the database cannot move one user's secret to another.
 */
export class SecretBox {
  /** Tells keys apart without telling the key. */
  readonly keyId: string
  readonly #key: Buffer

  /** @param key - 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key
    this.keyId = createHash('sha256').update('scitokens key id\0').update(key).digest('base64url').slice(0, 16)
  }

  /** @param place - what the text belongs to; the same is needed to open it. */
  seal(text: string, place: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place))
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  }

  /** Throws `config_error` when the text was sealed with another key, for another place, or was changed. */
  open(sealed: Uint8Array, place: string): string {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      )
    } catch {
      throw new ConfigError('a stored secret cannot be decrypted: the key file is not the one it was stored with')
    }
  }

  toJSON(): { keyId: string } {
    return { keyId: this.keyId }
  }
}
