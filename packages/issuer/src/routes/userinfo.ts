import { type JsonObject, SciTokenError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { OAuthError } from '../http/oauth-error.ts'
import type { Realm } from '../realm/realm.ts'
import { verifyPresentedToken } from '../tokens/own-token.ts'
import { closed, TEXT, TEXTS } from '../openapi/json-schema.ts'
import { ERROR_ANSWER, type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'
import { NO_STORE } from '../http/no-store.ts'
import { peerCertificate } from '../client-auth/peer-certificate.ts'

const GET: Operation = {
  summary: 'About the person of an access token. OpenID Connect Core section 5.3',
  tag: 'people',
  shows: 'token',
  answers: {
    200: closed({ sub: TEXT }, { 'wlcg.groups': TEXTS }),
    401: ERROR_ANSWER,
    403: ERROR_ANSWER,
    503: ERROR_ANSWER,
  },
}
const POST: Operation = { ...GET, answers: { ...GET.answers, 429: ERROR_ANSWER } }

/** `GET` and `POST /userinfo`. OpenID Connect Core section 5.3. Nothing is stored about people: what the token says is what is told. */
export function userinfoRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  app.route({
    method: ['GET', 'POST'],
    url: `${basePath}/userinfo`,
    ...constraintsOf(context),
    ...described({ GET, POST }),
    handler: (request, reply) => userinfo(realm, request, reply),
  })
}

async function userinfo(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { authorization } = request.headers
  // RFC 6750 section 3.1: no credentials, no error code.
  if (authorization === undefined) {
    return reply
      .code(401)
      .headers({ ...NO_STORE, 'www-authenticate': 'Bearer' })
      .send()
  }
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1]
  const claims = await presented(realm, token, request)
  const scope = ((claims['scope'] as string | undefined) ?? '').split(' ')
  if (!scope.includes('openid')) throw challenge('insufficient_scope', 'the access token lacks the scope openid')
  const groups = claims['wlcg.groups']
  const body = { sub: claims['sub'], ...given({ 'wlcg.groups': groups }) }
  return sendJson(reply.headers(NO_STORE), JSON.stringify(body))
}

async function presented(realm: Realm, token: string | undefined, request: FastifyRequest): Promise<JsonObject> {
  if (token === undefined) throw challenge('invalid_token', 'the access token is not valid')
  try {
    return await verifyPresentedToken(realm, token, peerCertificate(request)?.certificate)
  } catch (error) {
    if (!(error instanceof SciTokenError) || error.family !== 'not_acceptable') throw error
    const unproven = error.code === 'proof_missing'
    throw challenge('invalid_token', unproven ? error.message : 'the access token is not valid')
  }
}

function challenge(error: 'invalid_token' | 'insufficient_scope', description: string): OAuthError {
  const headers = { 'www-authenticate': `Bearer error="${error}", error_description="${description}"` }
  return new OAuthError(error, description, { headers })
}
