import type { FastifyRequest } from 'fastify'
import { OAuthError } from './oauth-error.ts'
import { Parameters } from './parameters.ts'

/** The parameters of a form. Throws `invalid_request` where the body was none. */
export function formOf(request: FastifyRequest): Parameters {
  if (request.body instanceof Parameters) return request.body
  throw new OAuthError('invalid_request', 'send the parameters as application/x-www-form-urlencoded in the body')
}
