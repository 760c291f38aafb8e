import { closed, open, TEXT, word } from '../openapi/json-schema.ts'
import { type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'

const DESCRIBED: Operation = {
  summary: 'The public keys of tokens: those that sign, signed, and will sign. RFC 7517',
  tag: 'keys and metadata',
  answers: {
    200: closed({ keys: { type: 'array', items: open({ kty: TEXT, kid: TEXT, alg: TEXT, use: word('sig') }) } }),
    304: 'nothing',
  },
}

/** `GET /jwks`: from memory, also while the database is away. RFC 7517 section 5. */
export function jwksRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  app.get(
    `${basePath}/jwks`,
    { ...constraintsOf(context), ...described({ GET: DESCRIBED }) },
    async (request, reply) => {
      const { body, etag } = await realm.keys.published()
      reply
        .header('cache-control', `public, max-age=${realm.times.jwksMaxAgeSeconds}`)
        .header('access-control-allow-origin', '*')
        .header('etag', etag)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      // Some verifiers in the field refuse application/jwk-set+json.
      return sendJson(reply, body)
    },
  )
}
