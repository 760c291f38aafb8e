import type { X509Certificate } from 'node:crypto'
import { type JsonObject, type JsonValue, TokenNotAcceptableError } from '@scitokens/core'
import { own } from '@scitokens/core/internal'
import { certificateThumbprint } from '@scitokens/host/tls'

/** The `cnf` of a token that only the holder of this certificate can use. RFC 8705 section 3.1. */
export function confirmationOf(certificate: X509Certificate): JsonObject {
  return { 'x5t#S256': certificateThumbprint(certificate.raw) }
}

/**
 * A token that is bound to a key is good only in a request that proves the key. What is proven here is the certificate of the request's own
 * connection, whose key TLS has seen at work (RFC 8705 section 3). Whatever else stands in `cnf`, or beside the thumbprint, is not
 * proven. Throws `proof_missing`.
 *
 * @param certificate - of the connection, where this server itself ends TLS.
 */
export function checkProof(claims: JsonObject, certificate: X509Certificate | undefined): void {
  const cnf = own(claims, 'cnf')
  if (cnf === undefined) return
  const thumbprint = certificate && certificateThumbprint(certificate.raw)
  if (thumbprint !== undefined && isOnly(cnf, thumbprint)) return
  throw new TokenNotAcceptableError(
    'proof_missing',
    'the token is bound to a key (cnf) of which this connection shows no proof',
    { reason: 'missing', claim: 'cnf' },
  )
}

function isOnly(cnf: JsonValue, thumbprint: string): boolean {
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return false
  const names = Object.keys(cnf)
  return names.length === 1 && own(cnf as JsonObject, 'x5t#S256') === thumbprint
}
