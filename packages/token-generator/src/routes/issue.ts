import { InvalidRequestError, type JsonObject } from '@scitokens/core'
import type { FastifyReply } from 'fastify'
import { jsonBody } from './body.ts'
import type { DemoContext } from '../demo-context.ts'
import { DEMO_PROFILES, issueToken, type TokenWish } from '../issuing/issue-token.ts'

/** `/issue`: a token for whoever asks, as bare text. */
export function issueRoutes(context: DemoContext): void {
  const { app, settings, limited } = context
  const send = async (reply: FastifyReply, wish: TokenWish): Promise<FastifyReply> => {
    const { token } = await issueToken(context, wish)
    return reply.type('text/plain; charset=utf-8').send(token)
  }
  app.get(`${settings.basePath}/issue`, limited, (_request, reply) => send(reply, { payload: {}, algorithm: 'RS256' }))
  app.post(`${settings.basePath}/issue`, limited, (request, reply) => send(reply, readWish(jsonBody(request))))
}

/** What is not understood of the old form is ignored, as it always was; what is new is judged. */
function readWish({ payload = {}, algorithm, profile, cwk }: JsonObject): TokenWish {
  if (!isObject(payload)) throw new InvalidRequestError('invalid_request', 'payload must be a JSON object')
  const known = DEMO_PROFILES.find((name) => name === profile)
  if (profile !== undefined && !known) {
    throw new InvalidRequestError('invalid_request', `profile must be one of ${DEMO_PROFILES.join(', ')}`)
  }
  if (cwk !== undefined && !isObject(cwk)) throw new InvalidRequestError('invalid_request', 'cwk must be a public JWK')
  return {
    payload,
    algorithm: algorithm === 'ES256' ? 'ES256' : 'RS256',
    profile: known,
    cwk,
  }
}

function isObject(value: JsonObject[string]): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
