import { type Fqan, parseFqan } from '@scitokens/core/internal'
import { type Certificate, extensionsOf, serialOf } from '../certificate/certificate.ts'
import { algorithmOf, type RawExtension } from '../certificate/certificate-parts.ts'
import { CertificateRefused } from '../errors.ts'
import { DER, type DerPart, derParts, derValue, oidOf, TooManyParts } from '../der/der.ts'
import { secondsOfGeneralizedTime } from '../der/time.ts'
import { DistinguishedName } from '../certificate/names.ts'

/** A VOMS attribute certificate, read but not judged. RFC 5755, and the VOMS attribute certificate format (GFD.182). */
export interface VomsAttributes {
  readonly vo: string
  /** Of the VOMS server, as its `.lsc` file is named. */
  readonly host: string
  readonly fqans: readonly Fqan[]
  readonly holder: { readonly names: readonly DistinguishedName[]; readonly serial: string }
  readonly issuer: DistinguishedName
  /** Seconds since the epoch. */
  readonly notBefore: number
  /** Seconds since the epoch. */
  readonly notAfter: number
  /** Hosts for which it is meant; undefined: all. */
  readonly targets: readonly string[] | undefined
  /** The certificate of the VOMS server, as it brought it; what it brought of the issuers is not needed. */
  readonly server: Certificate | undefined
  readonly extensions: ReadonlyMap<string, RawExtension>
  readonly signed: Buffer
  readonly signatureAlgorithm: string
  readonly signature: Buffer
}

/** OIDs in attribute certificates. */
export const AC_OID = {
  fqans: '1.3.6.1.4.1.8005.100.100.4',
  certificates: '1.3.6.1.4.1.8005.100.100.10',
  genericAttributes: '1.3.6.1.4.1.8005.100.100.11',
  authorityKey: '2.5.29.35',
  targets: '2.5.29.55',
  noRevocation: '2.5.29.56',
} as const

const MAX_BYTES = 65_536
const MAX_CERTIFICATES = 8
const MAX_FQANS = 512
const MAX_CHAIN = 8
const MAX_TARGETS = 64
const MAX_NAMES = 8
const POLICY_AUTHORITY = 0xa0
const URI_NAME = 0x86
const DNS_NAME = 0x82
const DIRECTORY_NAME = 0xa4
const TARGET_NAME = 0xa0
const BASE_CERTIFICATE = 0xa0
const V2_FORM = 0xa0
const UTF8_STRING = 0x0c
const SET = 0x31
/** `cms://voms.example.org:15002`. What becomes part of a file name is a plain name. */
const AUTHORITY = /^([A-Za-z0-9][A-Za-z0-9._-]{0,254}):\/\/([A-Za-z0-9][A-Za-z0-9.-]{0,254}):\d{1,5}$/

/**
 * Reads the extension in which a proxy carries its attribute certificates. Throws {@link CertificateRefused}.
 *
 * @param read - reads a certificate in DER.
 */
export function readVomsExtension(der: Buffer, read: (der: Buffer) => Certificate): readonly VomsAttributes[] {
  if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', `VOMS attributes are over ${MAX_BYTES} bytes`)
  try {
    // AC_SEQ ::= SEQUENCE { acs SEQUENCE OF AttributeCertificate }
    const [list, ...others] = derParts(derValue(der).content)
    if (!list || others.length > 0) throw new Error('this is no list of attribute certificates')
    const certificates = derParts(list.content, MAX_CERTIFICATES)
    if (certificates.length === 0) throw new Error('there is no attribute certificate')
    return certificates.map(({ whole }) => readAttributeCertificate(whole, read))
  } catch (cause) {
    if (cause instanceof CertificateRefused && cause.defect !== 'malformed') throw cause
    if (cause instanceof TooManyParts)
      throw new CertificateRefused('too_large', `VOMS attributes: ${cause.message}`, cause)
    const detail = cause instanceof Error ? cause.message : 'unknown'
    throw new CertificateRefused('voms_malformed', `the VOMS attributes make no sense: ${detail}`, cause)
  }
}

/** RFC 5755 section 4.1, with the extensions that GFD.182 asks for. */
function readAttributeCertificate(der: Buffer, read: (der: Buffer) => Certificate): VomsAttributes {
  const [acinfo, algorithm, signature] = derParts(derValue(der).content, 3)
  if (!acinfo || !algorithm || signature?.tag !== DER.bitString) throw new Error('it has no signature')
  const [version, holder, issuer, inner, , validity, attributes, ...rest] = derParts(acinfo.content, 9)
  if (!version || !holder || !issuer || !validity || !attributes) throw new Error('it ends early')
  if (version.tag !== DER.integer || !version.content.equals(Buffer.from([1])))
    throw new Error('only version 2 is known')
  if (!inner?.whole.equals(algorithm.whole)) throw new Error('it names two signature algorithms')
  const [issuerName] = issuer.tag === V2_FORM ? directoryNames(derParts(issuer.content, 3)[0]) : []
  if (!issuerName) throw new Error('it does not name its issuer')
  const extensions = extensionsOf(extensionList(rest))
  // RFC 5755 section 4.2.6: both are a GeneralizedTime.
  const [notBefore, notAfter] = derParts(validity.content, 2)
  return {
    ...readFqans(attributes),
    holder: readHolder(holder),
    issuer: issuerName,
    notBefore: secondsOfGeneralizedTime(notBefore),
    notAfter: secondsOfGeneralizedTime(notAfter),
    targets: readTargets(extensions.get(AC_OID.targets)),
    server: readServer(extensions.get(AC_OID.certificates), read),
    extensions,
    signed: acinfo.whole,
    signatureAlgorithm: algorithmOf(algorithm),
    signature: signature.content.subarray(1),
  }
}

/** By the certificate that he has: its issuer, or in VOMS's reading its holder, and its number. RFC 5755 section 4.2.2. */
function readHolder(holder: DerPart): VomsAttributes['holder'] {
  const [base] = derParts(holder.content, 3)
  if (base?.tag !== BASE_CERTIFICATE) throw new Error('it does not name its holder by a certificate')
  const [names, serial] = derParts(base.content, 3)
  if (serial?.tag !== DER.integer) throw new Error('it does not name its holder by a certificate')
  return { names: directoryNames(names), serial: serialOf(serial.content) }
}

/** What may follow the attributes: an issuerUniqueID, and extensions. */
function extensionList(rest: readonly DerPart[]): Buffer {
  const [first, second] = rest
  const extensions = first?.tag === DER.bitString ? second : first
  if (extensions === undefined) return Buffer.alloc(0)
  if (extensions !== rest.at(-1) || extensions.tag !== DER.sequence) throw new Error('it has parts that none has')
  return extensions.content
}

/** IetfAttrSyntax, RFC 5755 section 4.4: `[0] GeneralNames`, and a list of octet strings. */
function readFqans(attributes: DerPart): Pick<VomsAttributes, 'vo' | 'host' | 'fqans'> {
  const lists = derParts(attributes.content, MAX_NAMES).flatMap((attribute) => {
    const [type, values] = derParts(attribute.content, 2)
    return type && oidOf(type) === AC_OID.fqans ? [values] : []
  })
  const [list, ...others] = lists
  const [value, ...more] = list?.tag === SET ? derParts(list.content, 2) : []
  if (!value || others.length > 0 || more.length > 0) throw new Error('it has not exactly one list of groups')
  const parts = derParts(value.content, 3)
  const authorities = parts[0]?.tag === POLICY_AUTHORITY ? derParts(parts.shift()!.content, MAX_NAMES) : []
  const [, vo, host] = AUTHORITY.exec(authorities[0]?.content.toString('latin1') ?? '') ?? []
  if (vo === undefined || host === undefined || authorities.length > 1 || authorities[0]?.tag !== URI_NAME) {
    throw new Error('it does not name VO and server')
  }
  const [groups, ...after] = parts
  if (groups?.tag !== DER.sequence || after.length > 0) throw new Error('it has no list of groups')
  const fqans = derParts(groups.content, MAX_FQANS).map(({ tag, content }) => {
    const fqan = tag === DER.octetString || tag === UTF8_STRING ? parseFqan(content.toString('latin1')) : undefined
    if (!fqan || fqan.group === '') throw new Error('one of its groups makes no sense')
    return fqan
  })
  return { vo, host: host.toLowerCase(), fqans }
}

/**
 * RFC 5755 section 4.3.2: `SEQUENCE OF SEQUENCE OF Target`, of which a target is a choice, `[0] GeneralName` for a server. VOMS, in C and in
 * Java, puts each into a SEQUENCE of its own (`AC_TARGET`). A target that is not understood is nobody.
 */
function readTargets(extension: RawExtension | undefined): readonly string[] | undefined {
  if (!extension) return undefined
  const targets = derParts(derValue(extension.value).content, MAX_TARGETS).flatMap(({ content }) =>
    derParts(content, MAX_TARGETS),
  )
  return targets
    .flatMap((target) => (target.tag === DER.sequence ? derParts(target.content, 3) : [target]))
    .flatMap(({ tag, content }) => {
      const name = tag === TARGET_NAME ? derValue(content) : undefined
      return name?.tag === URI_NAME || name?.tag === DNS_NAME ? [name.content.toString('latin1').toLowerCase()] : []
    })
}

function readServer(extension: RawExtension | undefined, read: (der: Buffer) => Certificate): Certificate | undefined {
  if (!extension) return undefined
  // SEQUENCE { SEQUENCE OF Certificate }
  const [list] = derParts(derValue(extension.value).content, 1)
  const [server] = list ? derParts(list.content, MAX_CHAIN) : []
  return server && read(server.whole)
}

/** Of GeneralNames: RFC 5280 section 4.2.1.6. */
function directoryNames(names: DerPart | undefined): DistinguishedName[] {
  if (names?.tag !== DER.sequence) return []
  return derParts(names.content, MAX_NAMES).flatMap(({ tag, content }) =>
    tag === DIRECTORY_NAME ? [DistinguishedName.read(derValue(content).whole)] : [],
  )
}
