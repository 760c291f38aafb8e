import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OAuthError } from './oauth-error.ts'

/**
 * Header fields by which an issuer knows who asks, for whom, and what the body is. Of two, Node takes the first, other servers the last,
 * and of two cookies both: who reads which must not decide who somebody is. RFC 9110 section 5.3 lets nobody send them twice, RFC 9112
 * section 3.2 not `Host`, RFC 6265 section 5.4 not `Cookie`, RFC 9449 section 4.3 not `DPoP`.
 */
const SINGLE: ReadonlySet<string> = new Set(['authorization', 'content-type', 'cookie', 'dpop', 'host', 'origin'])

/** Refuses requests that have a field twice of which there can be one: `invalid_request`. For all routes that are added afterwards. */
export function refuseDoubledFields(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => checkSingleFields(request))
}

function checkSingleFields({ raw: { rawHeaders, httpVersionMajor } }: FastifyRequest): void {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!SINGLE.has(name)) continue
    // RFC 9113 section 8.2.3: HTTP/2 may cut one Cookie field into several.
    if (seen.has(name) && !(name === 'cookie' && httpVersionMajor > 1)) {
      throw new OAuthError('invalid_request', `the request has more than one ${name} field`)
    }
    seen.add(name)
  }
}
