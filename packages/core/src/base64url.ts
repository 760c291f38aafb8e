import { TokenNotAcceptableError } from './errors.ts'

// RFC 7515 section 2: the URL-safe alphabet, no padding. RFC 4648 section 3.5: unused bits must be zero.
const ALPHABET = /^[A-Za-z0-9_-]*$/
const LAST_OF_TWO_BITS = /[AQgw]$/
const LAST_OF_FOUR_BITS = /[AEIMQUYcgkosw048]$/

/** Whether `text` is base64url exactly as it must be written: alphabet, no padding, no white space, unused bits zero. */
export function isBase64url(text: string): boolean {
  if (!ALPHABET.test(text)) return false
  switch (text.length % 4) {
    case 1:
      return false
    case 2:
      return LAST_OF_TWO_BITS.test(text)
    case 3:
      return LAST_OF_FOUR_BITS.test(text)
    default:
      return true
  }
}

/** Decodes strict base64url. Throws `malformed_token`, naming the part by `what`. */
export function decodeBase64url(text: string, what: string): Uint8Array<ArrayBuffer> {
  if (!isBase64url(text)) throw new TokenNotAcceptableError('malformed_token', `${what} is not base64url`)
  return fromBase64url(text)
}

/** Encodes bytes as base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

// Where the platform has Buffer (Node, Bun, Deno) its decoder is an order of magnitude faster than atob; the main entry
// must not import it, so it is looked up.
interface BufferLike {
  from(
    data: string | ArrayBuffer,
    encodingOrOffset?: string | number,
    length?: number,
  ): Uint8Array<ArrayBuffer> & { toString(encoding: string): string }
}
const platformBuffer = (globalThis as { Buffer?: BufferLike }).Buffer

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  // Buffer reads both alphabets as "base64"; what it would overlook has been refused already.
  if (platformBuffer) return platformBuffer.from(text, 'base64')
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

function toBase64(bytes: Uint8Array): string {
  if (platformBuffer) {
    return platformBuffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
