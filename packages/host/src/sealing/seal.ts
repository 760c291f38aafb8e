import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

/** A key of 32 bytes, for AES-256. */
export type SealingKey = KeyObject | Uint8Array

/** A sealed text, in the parts that AES-GCM makes. How they are put together is the format of whoever keeps them. */
export interface Sealed {
  /** {@link NONCE_BYTES} bytes, drawn anew for each text. */
  readonly nonce: Uint8Array
  /** {@link TAG_BYTES} bytes that prove that nothing was changed. */
  readonly tag: Uint8Array
  /** The encrypted text, as long as the text. */
  readonly body: Uint8Array
}

/** Bytes of a nonce. NIST SP 800-38D section 8.2.2. */
export const NONCE_BYTES = 12

/** Bytes of a tag: the longest that there is. NIST SP 800-38D section 5.2.1.2. */
export const TAG_BYTES = 16

const CIPHER = 'aes-256-gcm'

/**
 * Encrypts a text that must not be readable at rest, and binds it to the place that it belongs to: whoever can write the database cannot
 * move one person's secret to another.
 *
 * @param place - what the text belongs to; the same is needed to open it.
 */
export function seal(key: SealingKey, text: string, place: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(place))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { nonce, tag: cipher.getAuthTag(), body }
}

/** The text of {@link seal}; undefined when it was sealed with another key, for another place, or was changed. */
export function open(key: SealingKey, { nonce, tag, body }: Sealed, place: string): string | undefined {
  // A shorter tag, which Node would accept too, is guessed sooner.
  if (nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(place))
      .setAuthTag(tag)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
