import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import { type CertificateParts, cutCertificate, cutExtension, type RawExtension } from './certificate-parts.ts'
import { CertificateRefused } from '../errors.ts'
import { derParts, TooManyParts } from '../der/der.ts'
import { secondsOf } from '../der/time.ts'
import { type BasicConstraints, readBasicConstraints, readKeyUsage, readPurposes } from './extensions.ts'
import { weaknessOf } from './key-strength.ts'
import { DistinguishedName } from './names.ts'
import { type ProxyInfo, readProxyInfo } from './proxy-info.ts'
import type { SignatureChecks } from './signature-checks.ts'

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

/** How a proxy says that it is one. */
export type ProxyForm = 'rfc3820' | 'draft' | 'legacy'

const MAX_BYTES = 131_072
const MAX_EXTENSIONS = 64
/** Of an extension that is read here: some have a line or two. */
const MAX_EXTENSION_BYTES = 4096
const NO_AUTHORITY: BasicConstraints = { isAuthority: false, pathLength: undefined }
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_PURPOSE = '2.5.29.37.0'

/**
 * A certificate, read but not judged, but for its key: one that is too weak, or dear to use, is never used. Signatures are OpenSSL's
 * work, extensions are read here: Node shows none of them.
 */
export class Certificate {
  readonly der: Buffer
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Hexadecimal, lower case, without zero bytes in front. */
  readonly serial: string
  /** Seconds since the epoch. */
  readonly notBefore: number
  /** Seconds since the epoch. */
  readonly notAfter: number
  readonly extensions: ReadonlyMap<string, RawExtension>
  /** The OID of the algorithm by which it is signed. */
  readonly signatureAlgorithm: string
  /** Why its key is not used; undefined: it may be. */
  readonly weakness: string | undefined
  readonly basicConstraints: BasicConstraints
  /** Bits of {@link USAGE}; undefined: any use. */
  readonly keyUsage: number | undefined
  readonly forClients: boolean
  readonly proxyForm: ProxyForm | undefined
  /** OpenSSL's reading of the same bytes; undefined where the key is none to be used. */
  readonly #x509: X509Certificate | undefined
  #publicKey: KeyObject | undefined
  #sha256: string | undefined
  /** Whose signature it has and has not: that never changes. */
  readonly #signers = new WeakMap<Certificate, boolean>()

  private constructor(der: Buffer, parts: CertificateParts) {
    this.der = der
    this.subject = DistinguishedName.read(parts.subject)
    this.issuer = DistinguishedName.read(parts.issuer)
    this.serial = serialOf(parts.serial)
    this.notBefore = secondsOf(parts.notBefore)
    this.notAfter = secondsOf(parts.notAfter)
    this.extensions = extensionsOf(parts.extensions)
    this.signatureAlgorithm = parts.signatureAlgorithm
    this.weakness = weaknessOf(parts.publicKey)
    if (this.weakness === undefined) this.#x509 = new X509Certificate(der)
    this.basicConstraints = this.#read(EXTENSION.basicConstraints, readBasicConstraints) ?? NO_AUTHORITY
    this.keyUsage = this.#read(EXTENSION.keyUsage, readKeyUsage)
    const purposes = this.#read(EXTENSION.extendedKeyUsage, readPurposes)
    this.forClients = purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE)
    this.proxyForm = proxyForm(this)
  }

  /** Reads a certificate in DER. Throws {@link CertificateRefused}. */
  static read(der: Buffer): Certificate {
    if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', `a certificate is over ${MAX_BYTES} bytes`)
    return malformed('a certificate makes no sense', () => new Certificate(der, cutCertificate(der)))
  }

  /** Throws {@link CertificateRefused} for a key that is none to be used. */
  get publicKey(): KeyObject {
    const x509 = this.#x509
    if (!x509) throw new CertificateRefused('weak_key', `the key of ${this.subject.text} is not used: ${this.weakness}`)
    this.#publicKey ??= malformed('the key of a certificate makes no sense', () => x509.publicKey)
    return this.#publicKey
  }

  /** Its fingerprint: hexadecimal, lower case. */
  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.der).digest('hex')
    return this.#sha256
  }

  /** Whether the key signs itself: the anchor of a path. Only to be asked of an authority that the site itself has laid down. */
  get isSelfSigned(): boolean {
    return this.subject.equals(this.issuer) && this.isSignedBy(this)
  }

  /**
   * Whether the key of `issuer` signed it; never so where either key is none to be used.
   *
   * @param checks - what a request may cost. Left out where the certificates are the site's own.
   */
  isSignedBy(issuer: Certificate, checks?: SignatureChecks): boolean {
    if (issuer.weakness !== undefined || !this.#x509) return false
    let holds = this.#signers.get(issuer)
    if (holds === undefined) {
      checks?.take()
      try {
        holds = this.#x509.verify(issuer.publicKey)
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

  #read<T>(oid: string, reader: (der: Buffer) => T): T | undefined {
    const extension = this.extensions.get(oid)
    if (!extension) return undefined
    if (extension.value.length > MAX_EXTENSION_BYTES) {
      throw new CertificateRefused('too_large', `the extension ${oid} is over ${MAX_EXTENSION_BYTES} bytes`)
    }
    return malformed('an extension makes no sense', () => reader(extension.value))
  }
}

/** Hexadecimal, lower case, without zero bytes in front: how serial numbers are compared. */
export function serialOf(integer: Buffer): string {
  return integer.toString('hex').replace(/^(?:00)+(?=.)/, '')
}

/** Runs a reader of somebody else's bytes. Whatever it throws means that they make no sense. */
function malformed<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof CertificateRefused) throw cause
    if (cause instanceof TooManyParts) throw new CertificateRefused('too_large', `${what}: ${cause.message}`, cause)
    throw new CertificateRefused('malformed', what, cause)
  }
}

/** RFC 5280 section 4.2: no extension twice; a second one could be read by somebody else. */
export function extensionsOf(list: Buffer): ReadonlyMap<string, RawExtension> {
  const extensions = new Map<string, RawExtension>()
  for (const part of derParts(list, MAX_EXTENSIONS)) {
    const [oid, extension] = cutExtension(part)
    if (extensions.has(oid)) throw new CertificateRefused('duplicate_extension', `the extension ${oid} is there twice`)
    extensions.set(oid, extension)
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
