import { DER, type DerPart, NotDer } from './der.ts'

/** A BOOLEAN. X.690 section 8.2. */
export function booleanOf({ tag, content }: DerPart): boolean {
  if (tag !== DER.boolean || content.length !== 1) throw new NotDer('this is no boolean')
  return content[0] !== 0
}

/** An INTEGER from zero on that a number can hold. X.690 section 8.3. */
export function wholeNumberOf({ tag, content }: DerPart): number {
  if (tag !== DER.integer || content.length === 0 || content.length > 6 || (content[0]! & 0x80) !== 0) {
    throw new NotDer('this is no whole number')
  }
  return content.readUIntBE(0, content.length)
}

/** The bits of a BIT STRING as a number, the first one being 1, the second 2, the third 4 … X.690 section 8.6. */
export function bitsOf({ tag, content }: DerPart): number {
  const [unused, ...bytes] = content
  if (
    tag !== DER.bitString ||
    unused === undefined ||
    unused > 7 ||
    bytes.length > 3 ||
    (unused > 0 && bytes.length === 0)
  ) {
    throw new NotDer('these are no bits')
  }
  let bits = 0
  for (let index = 0; index < bytes.length * 8 - unused; index++) {
    if ((bytes[index >> 3]! & (0x80 >> (index & 7))) !== 0) bits |= 1 << index
  }
  return bits
}
