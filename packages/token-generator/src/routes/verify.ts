import { decodeUnverified, SciTokenError } from '@scitokens/core'
import { formatRetryAfter } from '@scitokens/core/internal'
import type { FastifyReply } from 'fastify'
import { sendJson } from '@scitokens/issuer/internal'
import { jsonBody } from './body.ts'
import type { DemoContext, DemoParts } from '../demo-context.ts'

/** `/verify`: whether a token is good, with the reason. */
export function verifyRoutes(context: DemoContext): void {
  const { app, settings, limited } = context
  app.post(`${settings.basePath}/verify`, limited, async (request, reply) => {
    const token = tokenOf(() => jsonBody(request)['token'])
    if (token === undefined) {
      return sendJson(reply.code(400), JSON.stringify({ Success: false, Error: 'Invalid request' }))
    }
    try {
      await validate(context, token)
    } catch (error) {
      if (error instanceof SciTokenError) return sendFailure(reply, error)
      throw error
    }
    return sendJson(reply, JSON.stringify({ Success: true, Error: 'Signature Verified' }))
  })
}

function tokenOf(read: () => unknown): string | undefined {
  try {
    const token = read()
    return typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

/** Its own tokens for itself; those of trusted issuers elsewhere for whomever they are meant. */
async function validate({ own, foreign, settings }: DemoParts, token: string): Promise<void> {
  const { iss } = decodeUnverified(token).unverifiedClaims
  const isForeign = typeof iss === 'string' && settings.trustedIssuers.includes(iss)
  await (isForeign && foreign ? foreign : own).validate(token)
}

function sendFailure(reply: FastifyReply, { message, code, family, retryAfterSeconds }: SciTokenError): FastifyReply {
  // A no is an answer; that keys cannot be had is none.
  if (family === 'undecided') reply.code(503).header('retry-after', formatRetryAfter(retryAfterSeconds ?? 60))
  return sendJson(reply, JSON.stringify({ Success: false, Error: message, code, family }))
}
