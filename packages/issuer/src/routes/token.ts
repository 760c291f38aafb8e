import type { TLSSocket } from 'node:tls'
import { certificateOfSocket } from '@scitokens/host/tls'
import type { FastifyRequest } from 'fastify'
import { shownRequest } from '../certificates/shown-request.ts'
import type { PeerCertificate } from '../client-auth/mutual-tls.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { Parameters } from '../http/parameters.ts'
import { issueToken } from '../issuance/issue-token.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'

/** RFC 6749 section 5.1: replies with tokens are nobody's to keep. */
export const NO_STORE: Readonly<Record<string, string>> = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** `POST /token`. RFC 6749 section 3.2. */
export function tokenRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  app.post(`${basePath}/token`, constraintsOf(context), async (request, reply) => {
    const response = await issueToken(realm, {
      authorization: request.headers.authorization,
      certificate: peerCertificate(request),
      parameters: formOf(request),
      address: request.ip,
      shown: realm.x509 && shownRequest(request),
    })
    return sendJson(reply.headers(NO_STORE), JSON.stringify(response))
  })
}

/** The parameters of a form. Throws `invalid_request` where the body was none. */
export function formOf(request: FastifyRequest): Parameters {
  if (request.body instanceof Parameters) return request.body
  throw new OAuthError('invalid_request', 'send the parameters as application/x-www-form-urlencoded in the body')
}

/** The certificate of the connection, where this server itself ends TLS. */
export function peerCertificate(request: FastifyRequest): PeerCertificate | undefined {
  const { socket } = request.raw
  const certificate = certificateOfSocket(socket)
  return certificate && { certificate, authorized: (socket as Partial<TLSSocket>).authorized === true }
}
