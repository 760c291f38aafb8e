import { createHash, type X509Certificate } from 'node:crypto'
import { certificateThumbprint } from '@scitokens/host/tls'
import type { Client } from '../clients/client.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'

/** The certificate of a TLS connection. */
export interface PeerCertificate {
  readonly certificate: X509Certificate
  /** Whether a trusted authority vouches for it. */
  readonly authorized: boolean
}

/** Whether this is a certificate by which the client is known. RFC 8705 sections 2.1 and 2.2. */
export function certificateMatches(client: Client, { certificate, authorized }: PeerCertificate): boolean {
  return client.certificates.some(({ sha256, subject }) => {
    if (sha256 !== undefined) return certificateThumbprint(certificate.raw) === asBase64url(sha256)
    return authorized && subject !== undefined && normaliseSubject(subject) === nameOf(certificate.subject)
  })
}

/** What the audit says of it. */
export function describeCertificate(certificate: X509Certificate): NonNullable<AuthenticatedClient['shown']> {
  return {
    dn: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    sha256: createHash('sha256').update(certificate.raw).digest('hex'),
  }
}

function asBase64url(sha256: string): string {
  const hex = sha256.replaceAll(':', '')
  return /^[0-9a-fA-F]{64}$/.test(hex) ? Buffer.from(hex, 'hex').toString('base64url') : sha256
}

/** RFC 4514 order, most specific first; Node lists one per line in the certificate's own order. */
function nameOf(lines: string): string {
  return lines.split('\n').toReversed().join(',')
}

/** Blanks around a comma between components do not count; one in a value is escaped, and stays what it is. RFC 4514 section 2.4. */
function normaliseSubject(subject: string): string {
  return subject.replaceAll(/(\\.)|\s*,\s*/gs, (_, escaped: string | undefined) => escaped ?? ',')
}
