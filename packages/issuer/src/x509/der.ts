/**
 * Cuts DER (X.690 section 10) into its parts without reading them: signatures are over bytes as they came, and a list of
 * revoked certificates has tens of thousands of parts. What the parts mean is read by the ASN.1 library.
 */

/** One value with its tag: `whole` as it came, `content` without tag and length. */
export interface DerPart {
  readonly tag: number
  readonly whole: Buffer
  readonly content: Buffer
}

/** Tags that are looked for here. */
export const DER = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, sequence: 0x30 } as const

/** Thrown for what is not DER. Callers say what it is a defect of. */
export class NotDer extends Error {}

/** The one value that `der` is. */
export function derValue(der: Buffer): DerPart {
  const part = partAt(der, 0)
  if (part.whole.length !== der.length) throw new NotDer('something follows the value')
  return part
}

/** The values in a constructed value, in their order. */
export function derParts(content: Buffer): DerPart[] {
  const parts: DerPart[] = []
  for (let at = 0; at < content.length; ) {
    const part = partAt(content, at)
    parts.push(part)
    at += part.whole.length
  }
  return parts
}

function partAt(der: Buffer, at: number): DerPart {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined) throw new NotDer('the value ends early')
  if ((tag & 0x1f) === 0x1f) throw new NotDer('tags of several bytes do not occur in certificates')
  let length = first
  let start = at + 2
  if (first > 0x7f) {
    const bytes = first & 0x7f
    if (bytes === 0 || bytes > 4) throw new NotDer('the length has a form that DER does not allow')
    if (start + bytes > der.length) throw new NotDer('the value ends early')
    length = der.readUIntBE(start, bytes)
    // X.690 section 10.1: the shortest form.
    if (length < 0x80 || length < 2 ** (8 * (bytes - 1))) throw new NotDer('the length is not in its shortest form')
    start += bytes
  }
  const end = start + length
  if (end > der.length) throw new NotDer('the value ends early')
  return { tag, whole: der.subarray(at, end), content: der.subarray(start, end) }
}
