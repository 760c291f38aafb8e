/**
 * Cuts DER (X.690 section 10) into its parts without reading them: signatures are over bytes as they came, and a list of
 * revoked certificates has tens of thousands of parts.
 */

/** One value with its tag: `whole` as it came, `content` without tag and length. */
export interface DerPart {
  readonly tag: number
  readonly whole: Buffer
  readonly content: Buffer
}

/** Tags that are looked for here. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const

/** Thrown for what is not DER. Callers say what it is a defect of. */
export class NotDer extends Error {}

/** Thrown for DER with more parts than its reader wants. */
export class TooManyParts extends Error {}

/** The one value that `der` is. */
export function derValue(der: Buffer): DerPart {
  const part = partAt(der, 0)
  if (part.whole.length !== der.length) throw new NotDer('something follows the value')
  return part
}

/**
 * The values in a constructed value, in their order.
 *
 * @param atMost - of what a stranger sent: more are not cut, and {@link TooManyParts} is thrown. Default: any number.
 */
export function derParts(content: Buffer, atMost: number = Infinity): DerPart[] {
  const parts: DerPart[] = []
  for (let at = 0; at < content.length; ) {
    if (parts.length >= atMost) throw new TooManyParts(`there are more than ${atMost} parts`)
    const part = partAt(content, at)
    parts.push(part)
    at += part.whole.length
  }
  return parts
}

/** An OBJECT IDENTIFIER in its usual form, `2.5.29.19`. X.690 section 8.19. */
export function oidOf({ tag, content }: DerPart): string {
  const last = content.at(-1)
  if (tag !== DER.objectIdentifier || last === undefined || last > 0x7f) throw new NotDer('this is no identifier')
  const arcs: number[] = []
  let arc = 0
  for (const [index, byte] of content.entries()) {
    // Shortest form, and nothing that a number cannot hold: two spellings of one identifier could be read as two.
    if (arc === 0 && byte === 0x80 && (index === 0 || content[index - 1]! < 0x80)) throw new NotDer('an arc is padded')
    arc = arc * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new NotDer('an arc is too large')
    if (byte > 0x7f) continue
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2), arc - 40 * Math.min(Math.floor(arc / 40), 2))
    else arcs.push(arc)
    arc = 0
  }
  return arcs.join('.')
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
