import { DER, derParts, type DerPart, derValue, oidOf } from '../der/der.ts'

/** An extension as it came. */
export interface RawExtension {
  readonly critical: boolean
  readonly value: Buffer
}

/** What a certificate is put together from: RFC 5280 section 4.1. In DER. */
export interface CertificateParts {
  readonly serial: Buffer
  /** The OID of the algorithm by which it is signed. */
  readonly signatureAlgorithm: string
  readonly issuer: Buffer
  readonly notBefore: DerPart
  readonly notAfter: DerPart
  readonly subject: Buffer
  readonly publicKey: Buffer
  /** SEQUENCE OF Extension, without tag and length. */
  readonly extensions: Buffer
}

const VERSION = 0xa0
const ISSUER_ID = 0x81
const SUBJECT_ID = 0x82
const EXTENSIONS = 0xa3

/**
 * Cuts a certificate into its parts, in time that does not depend on what is in them: a general reader of ASN.1 spends a tenth of a second
 * on a hundred kilobytes that a stranger filled with values of two bytes. Throws `NotDer`, `TooManyParts`, and `Error` for what is DER and
 * no certificate.
 */
export function cutCertificate(der: Buffer): CertificateParts {
  const [tbs, algorithm, signature] = exactly(derValue(der), 3)
  if (signature!.tag !== DER.bitString) throw new Error('it has no signature')
  const parts = derParts(sequence(tbs!).content, 10)
  if (parts[0]?.tag === VERSION) parts.shift()
  const [serial, inner, issuer, validity, subject, publicKey, ...rest] = parts
  if (!serial || !inner || !issuer || !validity || !subject || !publicKey) throw new Error('it ends early')
  if (serial.tag !== DER.integer) throw new Error('it has no serial number')
  // RFC 5280 section 4.1.1.2: the one that is signed is the same.
  if (!inner.whole.equals(algorithm!.whole)) throw new Error('it names two signature algorithms')
  const [notBefore, notAfter] = exactly(validity, 2)
  for (const tag of [ISSUER_ID, SUBJECT_ID]) if (rest[0]?.tag === tag) rest.shift()
  const extensions = rest[0]?.tag === EXTENSIONS ? sequence(derValue(rest.shift()!.content)).content : Buffer.alloc(0)
  if (rest.length > 0) throw new Error('it has parts that no certificate has')
  return {
    serial: serial.content,
    signatureAlgorithm: algorithmOf(algorithm!),
    issuer: sequence(issuer).whole,
    notBefore: notBefore!,
    notAfter: notAfter!,
    subject: sequence(subject).whole,
    publicKey: sequence(publicKey).whole,
    extensions,
  }
}

/** The OID of an AlgorithmIdentifier. */
export function algorithmOf(identifier: DerPart): string {
  const [id] = derParts(sequence(identifier).content, 2)
  if (!id) throw new Error('an algorithm has no name')
  return oidOf(id)
}

/** Cuts an Extension: its OID, and what it says. RFC 5280 section 4.1. */
export function cutExtension(extension: DerPart): readonly [oid: string, RawExtension] {
  const parts = derParts(sequence(extension).content, 3)
  const [id, second, third] = parts
  const flag = third ? second : undefined
  const value = third ?? second
  if (!id || value?.tag !== DER.octetString) throw new Error('an extension has no value')
  if (flag && (flag.tag !== DER.boolean || flag.content.length !== 1)) throw new Error('an extension makes no sense')
  return [oidOf(id), { critical: flag !== undefined && flag.content[0] !== 0, value: value.content }]
}

function exactly(whole: DerPart, count: number): DerPart[] {
  const parts = derParts(sequence(whole).content, count)
  if (parts.length !== count) throw new Error('it ends early')
  return parts
}

function sequence(part: DerPart): DerPart {
  if (part.tag !== DER.sequence) throw new Error('a part of it is none of its parts')
  return part
}
