import type { AuditEvent } from '../audit/audit.ts'
import { CertificateRefused, CertificateUndecided } from '../x509/defects.ts'
import type { ShownCertificate } from '../x509/shown-certificate.ts'

/** What the audit says of a certificate. */
export function auditedCertificate(
  shown: Omit<ShownCertificate, 'verified'> | undefined,
): Pick<AuditEvent, 'certificate' | 'certificateDn' | 'certificateIssuer' | 'certificateSerial'> {
  if (!shown) return {}
  const { dn, issuer, serial, sha256 } = shown
  return { certificate: sha256, certificateDn: dn, certificateIssuer: issuer, certificateSerial: serial }
}

/** The certificate that an error is about. */
export function certificateOfError(error: unknown): ShownCertificate | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof CertificateRefused || cause instanceof CertificateUndecided ? cause.about : undefined
}
