import type { ClientCredentials } from '../client-auth/authenticate.ts'
import type { ShownRequest } from '../certificates/identity-verifier.ts'

/** A request to the token endpoint. */
export interface TokenRequest extends ClientCredentials {
  /** Of the client, for the audit. */
  readonly address: string
  /** What it shows of a certificate of the grid, where this issuer knows those. */
  readonly shown?: ShownRequest | undefined
}

/** The body of a successful reply. RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly issued_token_type?: string
}
