import { type Certificate, EXTENSION, USAGE } from '../certificate/certificate.ts'
import { CertificateRefused } from '../errors.ts'
import { isStrongSignature } from '../certificate/signatures.ts'

/** Extensions that are understood, and so may be critical. RFC 5280 section 4.2. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectAlternativeName,
  EXTENSION.issuerAlternativeName,
  EXTENSION.basicConstraints,
  // Every policy is as good as another here: whom to trust is told by the directory of authorities.
  EXTENSION.certificatePolicies,
  EXTENSION.extendedKeyUsage,
  EXTENSION.proxyCertInfo,
  EXTENSION.draftProxyCertInfo,
])

/** What holds for every certificate of a path. RFC 5280 section 6.1.3. */
export function checkAnyCertificate(certificate: Certificate, now: number, isAnchor = false): void {
  const name = certificate.subject.text
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !UNDERSTOOD.has(oid)) {
      throw new CertificateRefused('unknown_critical_extension', `${name} has the critical extension ${oid}`)
    }
  }
  // Limits that an authority set and that are not checked here must not be passed over, critical or not.
  if (certificate.has(EXTENSION.nameConstraints)) {
    throw new CertificateRefused('unsupported_extension', `${name} has name constraints, which are not supported`)
  }
  if (!(now >= certificate.notBefore)) throw new CertificateRefused('not_yet_valid', `${name} is not valid yet`)
  if (!(now <= certificate.notAfter)) throw new CertificateRefused('expired', `${name} has expired`)
  if (certificate.weakness !== undefined) {
    throw new CertificateRefused('weak_key', `the key of ${name} is not used: ${certificate.weakness}`)
  }
  // Nobody relies on the signature of an anchor.
  if (!isAnchor && !isStrongSignature(certificate.signatureAlgorithm)) {
    throw new CertificateRefused('weak_signature', `${name} is signed with ${certificate.signatureAlgorithm}`)
  }
}

/**
 * What holds for an authority. RFC 5280 section 6.1.4.
 *
 * @param below - authorities between it and the end-entity that are not issued to themselves.
 */
export function checkAuthority(certificate: Certificate, below: number): void {
  const name = certificate.subject.text
  const { isAuthority, pathLength } = certificate.basicConstraints
  if (!isAuthority || certificate.proxyForm === 'rfc3820' || certificate.proxyForm === 'draft') {
    throw new CertificateRefused('not_an_authority', `${name} has issued a certificate and is no authority`)
  }
  if (!certificate.hasUsage(USAGE.keyCertSign)) {
    throw new CertificateRefused('authority_key_usage', `the key of ${name} is not for signing certificates`)
  }
  if (pathLength !== undefined && below > pathLength) {
    throw new CertificateRefused('authority_path_length', `${name} may not have so many authorities below it`)
  }
}

/** What holds for whoever a path is about: a person, a robot, a host. */
export function checkEndEntity(certificate: Certificate, { asClient }: { asClient: boolean }): void {
  const name = certificate.subject.text
  if (certificate.subject.isEmpty) throw new CertificateRefused('ambiguous_name', 'the certificate has no name')
  if (certificate.basicConstraints.isAuthority) {
    throw new CertificateRefused('authority_as_client', `${name} is an authority and nobody's own certificate`)
  }
  if (!certificate.hasUsage(USAGE.digitalSignature | (asClient ? USAGE.keyAgreement : 0))) {
    throw new CertificateRefused('key_usage', `the key of ${name} is not for signatures`)
  }
  if (asClient && !certificate.forClients) {
    throw new CertificateRefused('extended_key_usage', `${name} is not for clients of TLS`)
  }
}
