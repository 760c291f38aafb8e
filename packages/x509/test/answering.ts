import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { formatFqan } from '@scitokens/core/internal'
import { CertificateRefused, CertificateUndecided, type IdentityVerifier } from '@scitokens/x509'

/** What {@link answering} answers. */
export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/**
 * A server that answers whom the certificate of each request stands for: 200 with name and groups, 204 for nobody, 401 and 503 with the
 * reason.
 *
 * @param now - seconds since the epoch.
 */
export function answering(verifier: IdentityVerifier, now: number, overUnixSocket = false): RequestListener {
  const answer = async (request: IncomingMessage): Promise<readonly [number, object?]> => {
    try {
      const identity = await verifier.identify({ request, overUnixSocket }, now)
      if (!identity) return [204]
      const { dn, username, fqans, limited } = identity
      return [200, { dn, username, fqans: fqans.map(formatFqan), limited }]
    } catch (error) {
      if (error instanceof CertificateRefused) return [401, { defect: error.defect, message: error.message }]
      if (error instanceof CertificateUndecided) return [503, { doubt: error.doubt, message: error.message }]
      throw error
    }
  }
  return (request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(([status, body]) => response.writeHead(status).end(body && JSON.stringify(body)))
  }
}
