import { createHash } from 'node:crypto'
import { describeApi } from '../openapi/describe-api.ts'
import { described, type KnownRoute } from '../openapi/route-list.ts'
import type { Operation } from '../openapi/operation.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'

const DESCRIBED: Operation = {
  summary: 'This document',
  tag: 'keys and metadata',
  answers: { 200: 'nothing', 304: 'nothing' },
}

/**
 * `GET /openapi.json`: what there is to be asked, for tools. It says no more than the metadata and the source do.
 *
 * @param routes - asked for at the first request, when all are there.
 */
export function openapiRoute(context: RouteContext, routes: () => readonly KnownRoute[]): void {
  const { app, realm, basePath } = context
  let document: { readonly body: string; readonly etag: string } | undefined
  app.get(
    `${basePath}/openapi.json`,
    { ...constraintsOf(context), ...described({ GET: DESCRIBED }) },
    async (request, reply) => {
      document ??= write(describeApi(realm, routes()))
      reply
        .header('cache-control', `public, max-age=${realm.times.metadataMaxAgeSeconds}`)
        .header('access-control-allow-origin', '*')
        .header('etag', document.etag)
      if (request.headers['if-none-match'] === document.etag) return reply.code(304).send()
      return sendJson(reply, document.body)
    },
  )
}

function write(document: object): { readonly body: string; readonly etag: string } {
  const body = JSON.stringify(document)
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}
