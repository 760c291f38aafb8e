import { TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import type { AuditEvent } from '../audit/audit.ts'
import type { ShownCertificate } from './identity-verifier.ts'

/** What the audit says of a certificate. */
export function auditedCertificate(
  shown: Omit<ShownCertificate, 'verified'> | undefined,
): Pick<AuditEvent, 'certificate' | 'certificateDn' | 'certificateIssuer' | 'certificateSerial'> {
  if (!shown) return {}
  const { dn, issuer, serial, sha256 } = shown
  return { certificate: sha256, certificateDn: dn, certificateIssuer: issuer, certificateSerial: serial }
}

/** The certificate that an error is about, as its cause, an identity verifier's error, tells it. */
export function certificateOfError(error: unknown): ShownCertificate | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof TokenNotAcceptableError || cause instanceof UndecidedError)) return undefined
  return (cause as { readonly about?: ShownCertificate }).about
}
