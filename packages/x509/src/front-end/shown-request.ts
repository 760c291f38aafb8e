import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { certificateOfSocket } from '@scitokens/host/tls'
import { CertificateRefused } from '../errors.ts'
import { checkPresented } from '../certificate/presented.ts'

/** A request that may show a certificate. Nothing of it is judged yet. */
export interface ShownRequest {
  /** As Node's server has it: its connection, and its headers where a front end is believed. */
  readonly request: IncomingMessage
  /**
   * Whether its server listens on a Unix socket (`typeof server.address() === 'string'`; the connection does not tell once it was reset).
   * Default: false.
   */
  readonly overUnixSocket?: boolean
}

const chains = new WeakMap<X509Certificate, readonly Buffer[]>()

/**
 * The chain of a connection in DER, the client's own certificate first, and the same list for each of its requests; empty: there is none.
 * Throws {@link CertificateRefused}.
 */
export function presentedChain({ socket }: IncomingMessage): readonly Buffer[] {
  const peer = certificateOfSocket(socket)
  // With an older session TLS tells the client's own certificate and not the chain.
  if (peer && (socket as Partial<TLSSocket>).isSessionReused?.()) {
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

/** Every value of every header, by its name in lower case: of two with one name Node's `headers` joins them or drops one. */
export function allHeaders({ rawHeaders }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1]!])
  }
  return headers
}
