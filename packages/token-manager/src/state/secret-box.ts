import { createHash } from 'node:crypto'
import { ConfigError } from '@scitokens/core'
import { NONCE_BYTES, open, seal, TAG_BYTES } from '@scitokens/host/sealing'

/**
 * Encrypts what must not be readable at rest, and binds each text to the place it belongs to, so that whoever can write the database cannot
 * move one user's secret to another. As bytes: nonce, encrypted text, tag.
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
    const { nonce, body, tag } = seal(this.#key, text, place)
    return Buffer.concat([nonce, body, tag])
  }

  /** Throws `config_error` when the text was sealed with another key, for another place, or was changed. */
  open(sealed: Uint8Array, place: string): string {
    const parts = {
      nonce: sealed.subarray(0, NONCE_BYTES),
      body: sealed.subarray(NONCE_BYTES, -TAG_BYTES),
      tag: sealed.subarray(-TAG_BYTES),
    }
    const text = open(this.#key, parts, place)
    if (text !== undefined) return text
    throw new ConfigError(
      'config_error',
      'a stored secret cannot be decrypted: the key file is not the one it was stored with',
    )
  }

  toJSON(): { keyId: string } {
    return { keyId: this.keyId }
  }
}
