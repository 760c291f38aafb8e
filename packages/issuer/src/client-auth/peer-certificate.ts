import type { TLSSocket } from 'node:tls'
import { certificateOfSocket } from '@scitokens/host/tls'
import type { FastifyRequest } from 'fastify'
import type { PeerCertificate } from './mutual-tls.ts'

/** The certificate of a request's connection, where this server itself ends TLS. */
export function peerCertificate(request: FastifyRequest): PeerCertificate | undefined {
  const { socket } = request.raw
  const certificate = certificateOfSocket(socket)
  return certificate && { certificate, authorized: (socket as Partial<TLSSocket>).authorized === true }
}
