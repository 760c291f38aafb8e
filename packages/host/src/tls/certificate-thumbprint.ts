import { createHash } from 'node:crypto'

/**
 * The thumbprint of a certificate by which tokens are bound to it (`x5t#S256`, RFC 8705 section 3.1): SHA-256 in base64url.
 *
 * @param der - the certificate in DER.
 */
export function certificateThumbprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url')
}
