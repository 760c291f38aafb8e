import type { ServerResponse } from 'node:http'
import type { ErrorRequestHandler } from 'express'
import { HttpRefusalError, type Stopped } from '@scitokens/enforcer/http'

/** Sends a refusal: status, challenge, and RFC 6750's words as JSON. */
export function sendRefusal(
  { status, headers, body }: Pick<Stopped, 'status' | 'headers' | 'body'>,
  response: ServerResponse,
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** An error handler that answers refusals and leaves everything else to the next one: `app.use(refusalHandler())`. */
export function refusalHandler(): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (error instanceof HttpRefusalError && !response.headersSent) sendRefusal(error, response)
    else next(error)
  }
}
