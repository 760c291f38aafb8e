import { TokenNotAcceptableError } from '../errors.ts'

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
  const bytes = decodeExactly(text)
  if (!bytes) throw new TokenNotAcceptableError('malformed_token', `${what} is not base64url`)
  return bytes
}

const encoder = new TextEncoder()

/** The bytes of text that is known to be ASCII, such as base64url. */
export function encodeAscii(text: string): Uint8Array<ArrayBuffer> {
  return platformBuffer ? platformBuffer.from(text, 'latin1') : encoder.encode(text)
}

/** Encodes the UTF-8 of a text as base64url without padding. */
export function encodeTextAsBase64url(text: string): string {
  if (hasNativeBase64url && platformBuffer) return platformBuffer.from(text, 'utf8').toString('base64url')
  return encodeBase64url(encoder.encode(text))
}

/** Encodes bytes as base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  if (hasNativeBase64url) return viewOf(bytes)!.toString('base64url')
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

// A polyfill of Buffer may not know this encoding.
const hasNativeBase64url = ((): boolean => {
  try {
    return platformBuffer?.from('-_8', 'base64').toString('base64url') === '-_8'
  } catch {
    return false
  }
})()

/** The bytes, or undefined where the text is not exactly how they are written. */
function decodeExactly(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (hasNativeBase64url && platformBuffer) {
    // Its decoder overlooks much. What it read is written again: quicker than looking at each letter, and as strict.
    const bytes = platformBuffer.from(text, 'base64')
    return bytes.toString('base64url') === text ? bytes : undefined
  }
  return isBase64url(text) ? fromBase64url(text) : undefined
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** The same bytes as a Buffer, where the platform has one. */
function viewOf(bytes: Uint8Array): ReturnType<BufferLike['from']> | undefined {
  return platformBuffer?.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
}

function toBase64(bytes: Uint8Array): string {
  const view = viewOf(bytes)
  if (view) return view.toString('base64')
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
