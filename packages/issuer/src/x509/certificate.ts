import { type KeyObject, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate as AsnCertificate,
  ExtendedKeyUsage,
  type Extension,
  KeyUsage,
  type Time,
} from '@peculiar/asn1-x509'
import { CertificateRefused } from './defects.ts'
import { derValue } from './der.ts'
import { DistinguishedName } from './names.ts'
import { type ProxyInfo, readProxyInfo } from './proxy-info.ts'

/** OIDs of extensions. */
export const EXTENSION = {
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  issuerAlternativeName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
  proxyCertInfo: '1.3.6.1.5.5.7.1.14',
  /** The draft's, of Globus Toolkit 3. */
  draftProxyCertInfo: '1.3.6.1.4.1.3536.1.222',
  vomsAttributes: '1.3.6.1.4.1.8005.100.100.5',
} as const

/** What a key is for: bits of RFC 5280 section 4.2.1.3. */
export const USAGE = {
  digitalSignature: 1,
  nonRepudiation: 2,
  keyAgreement: 16,
  keyCertSign: 32,
  cRLSign: 64,
} as const

/** An extension as it came. */
export interface RawExtension {
  readonly critical: boolean
  readonly value: Buffer
}

/** How a proxy says that it is one. */
export type ProxyForm = 'rfc3820' | 'draft' | 'legacy'

const MAX_BYTES = 131_072
const MAX_EXTENSIONS = 64
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_PURPOSE = '2.5.29.37.0'

/** A certificate, read but not judged. Signatures are OpenSSL's work, extensions are read here: Node shows none of them. */
export class Certificate {
  readonly x509: X509Certificate
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Hexadecimal, lower case, without zero bytes in front. */
  readonly serial: string
  /** Seconds since the epoch. */
  readonly notBefore: number
  /** Seconds since the epoch. */
  readonly notAfter: number
  readonly extensions: ReadonlyMap<string, RawExtension>
  /** OID. */
  readonly signatureAlgorithm: string
  readonly basicConstraints: { readonly isAuthority: boolean; readonly pathLength: number | undefined }
  /** Bits of {@link USAGE}; undefined: any use. */
  readonly keyUsage: number | undefined
  readonly forClients: boolean
  readonly proxyForm: ProxyForm | undefined
  #publicKey: KeyObject | undefined
  /** Whose signature it has and has not: that never changes. */
  readonly #signers = new WeakMap<Certificate, boolean>()

  private constructor(x509: X509Certificate, asn: AsnCertificate) {
    const { tbsCertificate: tbs } = asn
    this.x509 = x509
    this.subject = DistinguishedName.of(tbs.subject)
    this.issuer = DistinguishedName.of(tbs.issuer)
    this.serial = serialOf(Buffer.from(tbs.serialNumber))
    this.notBefore = secondsOf(tbs.validity.notBefore)
    this.notAfter = secondsOf(tbs.validity.notAfter)
    this.extensions = extensionsOf(tbs.extensions ?? [])
    this.signatureAlgorithm = asn.signatureAlgorithm.algorithm
    const constraints = this.#read(EXTENSION.basicConstraints, BasicConstraints)
    this.basicConstraints = { isAuthority: constraints?.cA ?? false, pathLength: constraints?.pathLenConstraint }
    this.keyUsage = this.#read(EXTENSION.keyUsage, KeyUsage)?.toNumber()
    const purposes = this.#read(EXTENSION.extendedKeyUsage, ExtendedKeyUsage)
    this.forClients = purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE)
    this.proxyForm = proxyForm(this)
  }

  /** Reads a certificate in DER. Throws {@link CertificateRefused}. */
  static read(der: Buffer): Certificate {
    if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', `a certificate is over ${MAX_BYTES} bytes`)
    return malformed('a certificate makes no sense', () => {
      // The two readers must have the same bytes before them.
      derValue(der)
      return new Certificate(new X509Certificate(der), AsnConvert.parse(der, AsnCertificate))
    })
  }

  get publicKey(): KeyObject {
    this.#publicKey ??= malformed('the key of a certificate makes no sense', () => this.x509.publicKey)
    return this.#publicKey
  }

  /** Whether the key signs itself: the anchor of a path. */
  get isSelfSigned(): boolean {
    return this.subject.equals(this.issuer) && this.isSignedBy(this)
  }

  isSignedBy(issuer: Certificate): boolean {
    let holds = this.#signers.get(issuer)
    if (holds === undefined) {
      try {
        holds = this.x509.verify(issuer.publicKey)
      } catch {
        holds = false
      }
      this.#signers.set(issuer, holds)
    }
    return holds
  }

  /** Whether the key is for any of these uses. */
  hasUsage(uses: number): boolean {
    return this.keyUsage === undefined || (this.keyUsage & uses) !== 0
  }

  /** Whether the extension is there at all. */
  has(oid: string): boolean {
    return this.extensions.has(oid)
  }

  /** Throws {@link CertificateRefused} where it makes no sense. */
  proxyInfo(): ProxyInfo {
    if (this.proxyForm === 'rfc3820') return readProxyInfo(this.extensions.get(EXTENSION.proxyCertInfo)!.value)
    if (this.proxyForm === 'draft') return readProxyInfo(this.extensions.get(EXTENSION.draftProxyCertInfo)!.value, true)
    const limited = this.subject.addedCommonName(this.issuer) === 'limited proxy'
    return { kind: limited ? 'limited' : 'inherit_all', pathLength: undefined }
  }

  #read<T>(oid: string, type: new () => T): T | undefined {
    const extension = this.extensions.get(oid)
    return extension && malformed('an extension makes no sense', () => AsnConvert.parse(extension.value, type))
  }
}

/** Hexadecimal, lower case, without zero bytes in front: how serial numbers are compared. */
export function serialOf(integer: Buffer): string {
  return integer.toString('hex').replace(/^(?:00)+(?=.)/, '')
}

/** A time of ASN.1 in seconds since the epoch. */
export function secondsOf(time: Time): number {
  const seconds = time.getTime().getTime() / 1000
  if (!Number.isFinite(seconds)) throw new CertificateRefused('malformed', 'a time makes no sense')
  return seconds
}

/** Runs a reader of somebody else's bytes. Whatever it throws means that they make no sense. */
function malformed<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof CertificateRefused) throw cause
    throw new CertificateRefused('malformed', what, cause)
  }
}

/** RFC 5280 section 4.2: no extension twice; a second one could be read by somebody else. */
export function extensionsOf(list: readonly Extension[]): ReadonlyMap<string, RawExtension> {
  if (list.length > MAX_EXTENSIONS) throw new CertificateRefused('too_large', 'there are too many extensions')
  const extensions = new Map<string, RawExtension>()
  for (const { extnID, critical, extnValue } of list) {
    if (extensions.has(extnID))
      throw new CertificateRefused('duplicate_extension', `the extension ${extnID} is there twice`)
    extensions.set(extnID, { critical, value: Buffer.from(extnValue.buffer) })
  }
  return extensions
}

/** RFC 3820; the draft of Globus Toolkit 3; Globus Toolkit 2, which says it by the name alone. */
function proxyForm({ extensions, subject, issuer }: Certificate): ProxyForm | undefined {
  if (extensions.has(EXTENSION.proxyCertInfo)) return 'rfc3820'
  if (extensions.has(EXTENSION.draftProxyCertInfo)) return 'draft'
  const added = subject.addedCommonName(issuer)
  return added === 'proxy' || added === 'limited proxy' ? 'legacy' : undefined
}
