import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceMetadata } from '@scitokens/enforcer/http'

/** Answers for the metadata's path: for everybody, GET, HEAD and OPTIONS only. */
export function sendMetadata(metadata: ResourceMetadata, { method }: IncomingMessage, response: ServerResponse): void {
  const allow = { allow: 'GET, HEAD, OPTIONS' }
  if (method === 'OPTIONS') {
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, HEAD, OPTIONS' }
    response.writeHead(204, { ...allow, ...cors }).end()
  } else if (method === 'GET' || method === 'HEAD') {
    const body = JSON.stringify(metadata.document)
    response.writeHead(200, { ...metadata.headers, 'content-length': Buffer.byteLength(body) })
    response.end(method === 'HEAD' ? undefined : body)
  } else response.writeHead(405, allow).end()
}
