import type { JsonObject } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import { authenticateClient, CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import type { Client } from '../clients/client.ts'
import { invalidClient } from '../http/oauth-error.ts'
import { FIRST_ROUND, readStanding, refusalOf } from '../logins/standing.ts'
import { authenticationTools } from '../issuance/authentication-tools.ts'
import type { Realm } from '../realm/realm.ts'
import { readOwnToken } from '../tokens/own-token.ts'
import { type Family, parseRefreshToken } from '../logins/refresh-token.ts'
import { FLAG, open, TEXT } from '../openapi/json-schema.ts'
import { CLIENT_REFUSED, type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'
import { formOf } from '../http/form-of.ts'
import { NO_STORE } from '../http/no-store.ts'
import { peerCertificate } from '../client-auth/peer-certificate.ts'

const DESCRIBED: Operation = {
  summary: 'Whether a token of this issuer is good. RFC 7662',
  tag: 'tokens',
  form: ['token', 'token_type_hint', ...CLIENT_PARAMETERS],
  required: ['token'],
  shows: 'client',
  // RFC 7662 section 2.2: the claims of a token that is good, and nothing about one that is not.
  answers: { 200: open({ active: FLAG }, { token_type: TEXT }), ...CLIENT_REFUSED },
}

/** `POST /introspect`. RFC 7662. Access tokens are judged by signature and the list of revoked ones: none is stored. */
export function introspectRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  app.post(
    `${basePath}/introspect`,
    { ...constraintsOf(context), ...described({ POST: DESCRIBED }) },
    async (request, reply) => {
      const parameters = formOf(request)
      const { client, method } = await authenticateClient(
        { authorization: request.headers.authorization, certificate: peerCertificate(request), parameters },
        authenticationTools(realm),
      )
      // RFC 7662 section 2.1: not for everybody, or tokens could be guessed at.
      if (method === 'none') throw invalidClient('introspection needs a client with credentials')
      parameters.refuseDuplicates(['token', 'token_type_hint'])
      const token = parameters.required('token')
      const answer = token.startsWith('rt.')
        ? await refreshState(realm, client, token)
        : await accessState(realm, token)
      return sendJson(reply.headers(NO_STORE), JSON.stringify(answer))
    },
  )
}

/** RFC 7662 section 2.2: nothing is said about a token that is not good. */
const INACTIVE = { active: false } as const

async function accessState(realm: Realm, token: string): Promise<JsonObject> {
  const claims = await readOwnToken(realm, token)
  return claims ? { active: true, token_type: 'Bearer', ...claims } : INACTIVE
}

async function refreshState(realm: Realm, client: Client, token: string): Promise<JsonObject> {
  const parts = parseRefreshToken(token, realm.secrets)
  const entry = parts && (await realm.store.get<Family>({ realm: realm.issuer, kind: 'family', id: parts.familyId }))
  // A refresh token concerns its own client alone.
  if (!parts || !entry || entry.value.clientId !== client.clientId) return INACTIVE
  if (client.refresh.rotate && parts.generation !== entry.value.generation) return INACTIVE
  const { principal, bounds, createdAt, round = FIRST_ROUND } = entry.value
  const standing = await readStanding(realm, principal.subject, client.clientId, round.from?.client)
  if (refusalOf(standing, { round, derived: principal.derived })) return INACTIVE
  return {
    active: true,
    token_type: 'refresh_token',
    iss: realm.issuer,
    sub: principal.subject,
    client_id: client.clientId,
    scope: [...bounds.identity, ...bounds.scope].join(' '),
    ...(bounds.audience.length > 0 && { aud: [...bounds.audience] }),
    iat: createdAt,
    ...given({ exp: entry.expiresAt }),
  }
}
