import { type JsonObject, InvalidRequestError } from '@scitokens/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Bodies are text whatever their Content-Type says, or if it says nothing: the Python library sends JSON without one.
 */
export function acceptAnyBody(app: FastifyInstance, bodyLimit: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, body))
}

/** The body as a JSON object. Throws `invalid_request`. */
export function jsonBody({ body }: FastifyRequest): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(typeof body === 'string' ? body : '')
  } catch {
    throw new InvalidRequestError('invalid_request', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError('invalid_request', 'the body is not a JSON object')
  }
  return value as JsonObject
}
