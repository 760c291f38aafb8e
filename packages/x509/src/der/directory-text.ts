import type { DerPart } from './der.ts'

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The kinds of DirectoryString and IA5String by their tags. RFC 5280 section 4.1.2.4 and appendix A.1. */
const READERS: Readonly<Record<number, (bytes: Buffer) => string | undefined>> = {
  0x0c: (bytes) => STRICT_UTF8.decode(bytes),
  0x13: asciiOf,
  0x16: asciiOf,
  // T.61 by the letter, Latin-1 in every certificate that has it.
  0x14: (bytes) => bytes.toString('latin1'),
  0x1c: (bytes) => (bytes.length % 4 === 0 ? fromCodePoints(bytes, 4) : undefined),
  0x1e: (bytes) => (bytes.length % 2 === 0 ? fromCodePoints(bytes, 2) : undefined),
}

/**
 * The text of a value in a name; undefined: it is no text, or bytes that are not what they say. A reader that makes something of these
 * gives two names one text.
 */
export function directoryText({ tag, content }: DerPart): string | undefined {
  try {
    const text = READERS[tag]?.(content)
    return text?.isWellFormed() ? text : undefined
  } catch {
    return undefined
  }
}

function asciiOf(bytes: Buffer): string | undefined {
  return bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : undefined
}

function fromCodePoints(bytes: Buffer, width: 2 | 4): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += width) {
    const value = bytes.readUIntBE(at, width)
    text += width === 2 ? String.fromCharCode(value) : String.fromCodePoint(value)
  }
  return text
}
