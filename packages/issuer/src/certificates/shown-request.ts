import type { FastifyRequest } from 'fastify'
import type { ShownRequest } from './identity-verifier.ts'

/** What a request shows of a client that has a certificate. */
export function shownRequest({ raw, server }: FastifyRequest): ShownRequest {
  // Of the server, not of the connection: a connection that was reset has no address either.
  return { request: raw, overUnixSocket: typeof server.server.address() === 'string' }
}
