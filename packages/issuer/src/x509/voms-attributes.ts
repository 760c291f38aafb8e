import { AsnConvert } from '@peculiar/asn1-schema'
import { GeneralNames } from '@peculiar/asn1-x509'
import { AttCertVersion, AttributeCertificate as AsnAttributeCertificate } from '@peculiar/asn1-x509-attr'
import { type Certificate, extensionsOf, type RawExtension, serialOf } from './certificate.ts'
import { CertificateRefused } from './defects.ts'
import { DER, derParts, derValue } from './der.ts'
import { type Fqan, parseFqan } from './fqan.ts'
import { DistinguishedName } from './names.ts'

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
  /** The certificate of the VOMS server and those of its issuers, as it brought them. */
  readonly certificates: readonly Certificate[]
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
const POLICY_AUTHORITY = 0xa0
const URI_NAME = 0x86
const DNS_NAME = 0x82
const TARGET_NAME = 0xa0
const UTF8_STRING = 0x0c
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
    const certificates = derParts(list.content)
    if (certificates.length === 0 || certificates.length > MAX_CERTIFICATES) {
      throw new Error(`there are ${certificates.length} attribute certificates`)
    }
    return certificates.map(({ whole }) => readAttributeCertificate(whole, read))
  } catch (cause) {
    if (cause instanceof CertificateRefused && cause.defect !== 'malformed') throw cause
    const detail = cause instanceof Error ? cause.message : 'unknown'
    throw new CertificateRefused('voms_malformed', `the VOMS attributes make no sense: ${detail}`, cause)
  }
}

function readAttributeCertificate(der: Buffer, read: (der: Buffer) => Certificate): VomsAttributes {
  const [acinfo, algorithm] = derParts(derValue(der).content)
  const { acinfo: info, signatureAlgorithm, signatureValue } = AsnConvert.parse(der, AsnAttributeCertificate)
  if (!acinfo || info.version !== AttCertVersion.v2) throw new Error('only version 2 is known')
  const inner = derParts(acinfo.content)[3]
  if (!algorithm || !inner?.whole.equals(algorithm.whole)) throw new Error('it names two signature algorithms')
  const extensions = extensionsOf(info.extensions ? [...info.extensions] : [])
  const holder = info.holder.baseCertificateID
  if (!holder) throw new Error('it does not name its holder by a certificate')
  const [issuer] = directoryNames(info.issuer.v2Form?.issuerName)
  if (!issuer) throw new Error('it does not name its issuer')
  const { notBeforeTime, notAfterTime } = info.attrCertValidityPeriod
  return {
    ...readFqans(info.attributes),
    holder: { names: directoryNames(holder.issuer), serial: serialOf(Buffer.from(holder.serial)) },
    issuer,
    notBefore: seconds(notBeforeTime),
    notAfter: seconds(notAfterTime),
    targets: readTargets(extensions.get(AC_OID.targets)),
    certificates: readCertificates(extensions.get(AC_OID.certificates), read),
    extensions,
    signed: acinfo.whole,
    signatureAlgorithm: signatureAlgorithm.algorithm,
    signature: Buffer.from(signatureValue),
  }
}

type Attributes = AsnAttributeCertificate['acinfo']['attributes']

/** IetfAttrSyntax, RFC 5755 section 4.4: `[0] GeneralNames`, and a list of octet strings. */
function readFqans(attributes: Attributes): Pick<VomsAttributes, 'vo' | 'host' | 'fqans'> {
  const [attribute, ...others] = attributes.filter(({ type }) => type === AC_OID.fqans)
  const [value, ...more] = attribute?.values ?? []
  if (!value || others.length > 0 || more.length > 0) throw new Error('it has not exactly one list of groups')
  const parts = derParts(derValue(Buffer.from(value)).content)
  const authorities = parts[0]?.tag === POLICY_AUTHORITY ? derParts(parts.shift()!.content) : []
  const [, vo, host] = AUTHORITY.exec(authorities[0]?.content.toString('latin1') ?? '') ?? []
  if (vo === undefined || host === undefined || authorities.length > 1 || authorities[0]?.tag !== URI_NAME) {
    throw new Error('it does not name VO and server')
  }
  const [list, ...after] = parts
  if (list?.tag !== DER.sequence || after.length > 0) throw new Error('it has no list of groups')
  const values = derParts(list.content)
  if (values.length > MAX_FQANS) throw new Error('it has too many groups')
  const fqans = values.map(({ tag, content }) => {
    const fqan = tag === DER.octetString || tag === UTF8_STRING ? parseFqan(content.toString('latin1')) : undefined
    if (!fqan || fqan.group === '') throw new Error('one of its groups makes no sense')
    return fqan
  })
  return { vo, host: host.toLowerCase(), fqans }
}

/** RFC 5755 section 4.3.2: `SEQUENCE OF SEQUENCE OF Target`. A target that is not understood is nobody. */
function readTargets(extension: RawExtension | undefined): readonly string[] | undefined {
  if (!extension) return undefined
  const targets = derParts(derValue(extension.value).content).flatMap(({ content }) => derParts(content))
  return targets.flatMap(({ tag, content }) => {
    const name = tag === TARGET_NAME ? derValue(content) : undefined
    return name?.tag === URI_NAME || name?.tag === DNS_NAME ? [name.content.toString('latin1').toLowerCase()] : []
  })
}

function readCertificates(
  extension: RawExtension | undefined,
  read: (der: Buffer) => Certificate,
): readonly Certificate[] {
  if (!extension) return []
  // SEQUENCE { SEQUENCE OF Certificate }
  const [list] = derParts(derValue(extension.value).content)
  const certificates = list ? derParts(list.content) : []
  if (certificates.length > MAX_CHAIN) throw new Error('it brings too many certificates')
  return certificates.map(({ whole }) => read(whole))
}

function directoryNames(names: GeneralNames | readonly { directoryName?: unknown }[] | undefined): DistinguishedName[] {
  return [...((names ?? []) as GeneralNames)].flatMap(({ directoryName }) =>
    directoryName ? [DistinguishedName.of(directoryName)] : [],
  )
}

function seconds(date: Date): number {
  const time = date.getTime() / 1000
  if (!Number.isFinite(time)) throw new Error('a time makes no sense')
  return time
}
