import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  bits,
  bool,
  context,
  generalizedTime,
  implicit,
  integer,
  nameOf,
  nothing,
  octets,
  oid,
  seq,
  set,
} from './der-builder.ts'

/** When all tests of this folder happen, in seconds since the epoch. */
export const NOW = 1_800_000_000
const HOUR = 3600

export interface ExtensionSpec {
  readonly oid: string
  readonly critical?: boolean
  readonly value: Buffer
}

/** A certificate to be made. */
export interface CertificateSpec {
  subject: string
  /** Instead of the issuer's own name. */
  issuerName?: string
  serial: number
  notBefore: number
  notAfter: number
  keys: KeyPair
  extensions: ExtensionSpec[]
  algorithm?: SignatureAlgorithm
  /** Sign with this key instead of the issuer's. */
  signWith?: KeyObject
  /** Instead of the Name made from `subject`. */
  rawSubject?: Buffer
  /** Instead of the public key: a SubjectPublicKeyInfo. */
  rawKey?: Buffer
}

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export type SignatureAlgorithm = 'ecdsa-sha256' | 'ecdsa-sha1' | 'rsa-sha256'

/** Whoever has a certificate and its key. */
export interface Party {
  readonly spec: CertificateSpec
  readonly der: Buffer
}

const ALGORITHMS: Readonly<Record<SignatureAlgorithm, readonly [id: string, digest: string]>> = {
  'ecdsa-sha256': ['1.2.840.10045.4.3.2', 'sha256'],
  'ecdsa-sha1': ['1.2.840.10045.4.1', 'sha1'],
  'rsa-sha256': ['1.2.840.113549.1.1.11', 'sha256'],
}

export function newKeys(curve = 'prime256v1'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: curve })
}

let serial = 1000

/** A certificate valid for a day around {@link NOW}. */
export function spec(
  subject: string,
  extensions: ExtensionSpec[],
  more: Partial<CertificateSpec> = {},
): CertificateSpec {
  serial += 1
  return { subject, serial, notBefore: NOW - HOUR, notAfter: NOW + 24 * HOUR, keys: newKeys(), extensions, ...more }
}

/** Signs a certificate; without an issuer by its own key. */
export function issue(made: CertificateSpec, issuer: Party | undefined): Party {
  const [algorithmId, digest] = ALGORITHMS[made.algorithm ?? 'ecdsa-sha256']
  const algorithm = seq(oid(algorithmId))
  const subject = made.rawSubject ?? nameOf(made.subject)
  const issuerName = made.issuerName ?? issuer?.spec.subject
  const tbs = seq(
    context(0, integer(2)),
    integer(made.serial),
    algorithm,
    issuerName === undefined ? subject : nameOf(issuerName),
    seq(generalizedTime(made.notBefore), generalizedTime(made.notAfter)),
    subject,
    made.rawKey ?? made.keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(made.extensions.length > 0 ? [context(3, seq(...made.extensions.map(extension)))] : []),
  )
  const key = made.signWith ?? (issuer?.spec ?? made).keys.privateKey
  return { spec: made, der: seq(tbs, algorithm, bits(sign(digest, tbs, key))) }
}

function extension({ oid: id, critical, value }: ExtensionSpec): Buffer {
  return seq(oid(id), ...(critical ? [bool(true)] : []), octets(value))
}

const KEY_USAGE = '2.5.29.15'
export const BASIC_CONSTRAINTS = '2.5.29.19'
export const PROXY_CERT_INFO = '1.3.6.1.5.5.7.1.14'
const INHERIT_ALL = '1.3.6.1.5.5.7.21.1'
export const INDEPENDENT = '1.3.6.1.5.5.7.21.2'
export const LIMITED = '1.3.6.1.4.1.3536.1.1.1.9'

export function keyUsage(...usages: (keyof typeof USAGES)[]): ExtensionSpec {
  const value = usages.reduce((sum, usage) => sum | (0x80 >> USAGES[usage]), 0)
  return { oid: KEY_USAGE, critical: true, value: bits(Buffer.from([value])) }
}
const USAGES = { digitalSignature: 0, nonRepudiation: 1, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const

export function authorityExtension(pathLength?: number): ExtensionSpec {
  const value = seq(bool(true), ...(pathLength === undefined ? [] : [integer(pathLength)]))
  return { oid: BASIC_CONSTRAINTS, critical: true, value }
}

export function purposes(...ids: string[]): ExtensionSpec {
  return { oid: '2.5.29.37', value: seq(...ids.map(oid)) }
}

export function proxyInfo(language: string = INHERIT_ALL, pathLength?: number, policy?: Buffer): ExtensionSpec {
  const value = seq(
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
    seq(oid(language), ...(policy ? [octets(policy)] : [])),
  )
  return { oid: PROXY_CERT_INFO, critical: true, value }
}

/** A revocation list to be made. */
export interface CrlSpec {
  revoked: readonly number[]
  thisUpdate: number
  nextUpdate: number | undefined
  extensions: ExtensionSpec[]
  entryExtension?: ExtensionSpec
  signWith?: KeyObject
  issuerName?: string
}

export function crl(authority: Party, made: CrlSpec): Buffer {
  const algorithm = seq(oid('1.2.840.10045.4.3.2'))
  const entries = made.revoked.map((number) =>
    seq(
      integer(number),
      generalizedTime(NOW - 60),
      ...(made.entryExtension ? [seq(extension(made.entryExtension))] : []),
    ),
  )
  const tbs = seq(
    integer(1),
    algorithm,
    nameOf(made.issuerName ?? authority.spec.subject),
    generalizedTime(made.thisUpdate),
    ...(made.nextUpdate === undefined ? [] : [generalizedTime(made.nextUpdate)]),
    ...(entries.length > 0 ? [seq(...entries)] : []),
    ...(made.extensions.length > 0 ? [context(0, seq(...made.extensions.map(extension)))] : []),
  )
  return seq(tbs, algorithm, bits(sign('sha256', tbs, made.signWith ?? authority.spec.keys.privateKey)))
}

/** A VOMS attribute certificate to be made. */
export interface AttributesSpec {
  authority: string
  fqans: readonly string[]
  holderName: string
  holderSerial: number
  notBefore: number
  notAfter: number
  extensions: ExtensionSpec[]
  issuerName?: string
  signWith?: KeyObject
}

export const NO_REVOCATION: ExtensionSpec = { oid: '2.5.29.56', value: nothing }

/** By RFC 5755 section 4.3.2: a target is `[0] GeneralName`, here a URI. */
export function targets(...hosts: string[]): ExtensionSpec {
  return { oid: '2.5.29.55', critical: true, value: seq(seq(...hosts.map(targetName))) }
}

/** As VOMS writes them, in C (`AC_TARGET`) and in Java: each in a SEQUENCE of its own. */
export function vomsTargets(...hosts: string[]): ExtensionSpec {
  return { oid: '2.5.29.55', critical: true, value: seq(seq(...hosts.map((host) => seq(targetName(host))))) }
}

function targetName(host: string): Buffer {
  return context(0, implicit(6, Buffer.from(host)))
}

/** `AC_SEQ` as a proxy carries it, with the certificate of the VOMS server inside. */
export function vomsExtension(server: Party, chain: readonly Party[], made: readonly AttributesSpec[]): ExtensionSpec {
  const list = made.map((attributes) => attributeCertificate(server, chain, attributes))
  return { oid: '1.3.6.1.4.1.8005.100.100.5', value: seq(seq(...list)) }
}

function attributeCertificate(server: Party, chain: readonly Party[], made: AttributesSpec): Buffer {
  const algorithm = seq(oid('1.2.840.10045.4.3.2'))
  const directoryName = (text: string): Buffer => seq(context(4, nameOf(text)))
  const groups = seq(
    context(0, implicit(6, Buffer.from(made.authority))),
    seq(...made.fqans.map((fqan) => octets(Buffer.from(fqan)))),
  )
  const certificates: ExtensionSpec = {
    oid: '1.3.6.1.4.1.8005.100.100.10',
    value: seq(seq(...chain.map(({ der }) => der))),
  }
  const acinfo = seq(
    integer(1),
    seq(context(0, directoryName(made.holderName), integer(made.holderSerial))),
    context(0, directoryName(made.issuerName ?? server.spec.subject)),
    algorithm,
    integer(7),
    seq(generalizedTime(made.notBefore), generalizedTime(made.notAfter)),
    seq(seq(oid('1.3.6.1.4.1.8005.100.100.4'), set(groups))),
    seq(...[...(chain.length > 0 ? [certificates] : []), ...made.extensions].map(extension)),
  )
  return seq(acinfo, algorithm, bits(sign('sha256', acinfo, made.signWith ?? server.spec.keys.privateKey)))
}

export function pem(der: Buffer, label = 'CERTIFICATE'): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`
}

export function integerExtension(id: string, value: number): ExtensionSpec {
  return { oid: id, value: integer(value) }
}
