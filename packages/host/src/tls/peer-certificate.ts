import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

const known = new WeakMap<Socket, X509Certificate>()

/**
 * The certificate of a connection, with the issuers that were sent behind it (`issuerCertificate`). Node must be asked once only:
 * its answer takes the issuers away from the connection, and a second one has none (seen with Node 24).
 */
export function certificateOfSocket(socket: Socket): X509Certificate | undefined {
  const before = known.get(socket)
  if (before) return before
  const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.()
  if (certificate) known.set(socket, certificate)
  return certificate
}
