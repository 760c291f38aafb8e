import type { X509Certificate } from 'node:crypto'
import type { Client } from '../clients/client.ts'

/** The client of a request, authenticated. */
export interface AuthenticatedClient {
  readonly client: Client
  readonly method: 'secret' | 'private_key_jwt' | 'tls' | 'x509' | 'none'
  /** Set where the token is to be bound to it (RFC 8705 section 3). */
  readonly certificate: X509Certificate | undefined
  /** What was shown ends then, and tokens with it; in seconds since the epoch. */
  readonly notAfter?: number
  /** For the audit: who it is where the client alone does not say. */
  readonly note?: string
  /** For the audit: the certificate by which it is known. */
  readonly shown?: { readonly dn: string; readonly issuer: string; readonly serial: string; readonly sha256: string }
}
