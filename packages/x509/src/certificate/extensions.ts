import { DER, derParts, derValue, oidOf } from '../der/der.ts'
import { bitsOf, booleanOf, wholeNumberOf } from '../der/values.ts'

/** Whether somebody is an authority, and how many others may be below it. */
export interface BasicConstraints {
  readonly isAuthority: boolean
  /** Undefined: any number. */
  readonly pathLength: number | undefined
}

/** More purposes than any certificate has. */
const MAX_PURPOSES = 64

/** Reads BasicConstraints. RFC 5280 section 4.2.1.9. Throws for what is none. */
export function readBasicConstraints(der: Buffer): BasicConstraints {
  const parts = derParts(sequence(der), 2)
  const isAuthority = parts[0]?.tag === DER.boolean ? booleanOf(parts.shift()!) : false
  const [pathLength, ...rest] = parts
  if (rest.length > 0) throw new Error('the basic constraints have parts that none have')
  return { isAuthority, pathLength: pathLength && wholeNumberOf(pathLength) }
}

/** Reads KeyUsage: bits of `USAGE`. RFC 5280 section 4.2.1.3. Throws for what is none. */
export function readKeyUsage(der: Buffer): number {
  return bitsOf(derValue(der))
}

/** Reads ExtendedKeyUsage: OIDs. RFC 5280 section 4.2.1.12. Throws for what is none. */
export function readPurposes(der: Buffer): readonly string[] {
  return derParts(sequence(der), MAX_PURPOSES).map(oidOf)
}

function sequence(der: Buffer): Buffer {
  const { tag, content } = derValue(der)
  if (tag !== DER.sequence) throw new Error('the extension is no sequence')
  return content
}
