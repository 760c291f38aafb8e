import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { certificateOfSocket } from '../client-auth/peer-certificate.ts'
import { CertificateRefused } from './defects.ts'
import type { FrontEndRequest } from './front-end.ts'
import { checkPresented } from './verify-path.ts'

/** What a request shows of a client that has a certificate. Nothing of it is judged yet. */
export interface X509Evidence extends FrontEndRequest {
  /** As the connection brought it, with its issuers behind it. */
  readonly peer: X509Certificate | undefined
  /** The connection goes on with an older session: then TLS tells the client's own certificate and not the chain. */
  readonly resumed: boolean
}

/** Collects what a request shows. */
export function x509Evidence(request: IncomingMessage, listensOn: unknown): X509Evidence {
  const socket = request.socket as Partial<TLSSocket>
  const headers = new Map<string, string[]>()
  const { rawHeaders } = request
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1]!])
  }
  return {
    peer: certificateOfSocket(request.socket),
    resumed: socket.isSessionReused?.() ?? false,
    headers,
    // Of the server, not of the connection: a connection that was reset has no address either.
    overUnixSocket: typeof listensOn === 'string',
  }
}

const chains = new WeakMap<X509Certificate, readonly Buffer[]>()

/** The chain of a connection in DER, the same list for each of its requests, the client's own certificate first. Throws {@link CertificateRefused}. */
export function presentedChain({ peer, resumed }: X509Evidence): readonly Buffer[] {
  if (peer && resumed) {
    throw new CertificateRefused('session_resumed', 'connect anew: a resumed session does not tell the whole chain')
  }
  const before = peer && chains.get(peer)
  if (before) return before
  const chain: Buffer[] = []
  for (let certificate = peer; certificate; certificate = certificate.issuerCertificate) {
    checkPresented(chain.length + 1)
    chain.push(certificate.raw)
  }
  if (peer) chains.set(peer, chain)
  return chain
}
