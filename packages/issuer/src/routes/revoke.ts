import { authenticateClient, CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { authenticationTools } from '../issuance/authentication-tools.ts'
import type { Realm } from '../realm/realm.ts'
import { readRevocable } from '../tokens/own-token.ts'
import { type Family, parseRefreshToken } from '../logins/refresh-token.ts'
import { revokeFamily } from '../logins/revoke-family.ts'
import { CLIENT_REFUSED, type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { formOf } from '../http/form-of.ts'
import { NO_STORE } from '../http/no-store.ts'
import { peerCertificate } from '../client-auth/peer-certificate.ts'

const DESCRIBED: Operation = {
  summary: 'Ends a token, and with a refresh token its whole login. RFC 7009',
  tag: 'tokens',
  form: ['token', 'token_type_hint', ...CLIENT_PARAMETERS],
  required: ['token'],
  shows: 'client',
  answers: { 200: 'nothing', ...CLIENT_REFUSED },
}

/** `POST /revoke`. RFC 7009. A refresh token ends its family; an access token goes on the list until it expires. */
export function revokeRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  app.post(
    `${basePath}/revoke`,
    { ...constraintsOf(context), ...described({ POST: DESCRIBED }) },
    async (request, reply) => {
      const parameters = formOf(request)
      const { client } = await authenticateClient(
        { authorization: request.headers.authorization, certificate: peerCertificate(request), parameters },
        authenticationTools(realm),
      )
      parameters.refuseDuplicates(['token', 'token_type_hint'])
      const token = parameters.required('token')
      await (token.startsWith('rt.')
        ? revokeRefresh(realm, client.clientId, token, request.ip)
        : revokeAccess(realm, client.clientId, token, request.ip))
      // RFC 7009 section 2.2: also for a token that is not known.
      return reply.headers(NO_STORE).code(200).send()
    },
  )
}

async function revokeRefresh(realm: Realm, clientId: string, token: string, address: string): Promise<void> {
  const parts = parseRefreshToken(token, realm.secrets)
  const entry = parts && (await realm.store.get<Family>({ realm: realm.issuer, kind: 'family', id: parts.familyId }))
  if (!entry) return
  if (entry.value.clientId !== clientId) throw foreign()
  await revokeFamily(realm, entry, { event: 'token_revoked', address })
}

async function revokeAccess(realm: Realm, clientId: string, token: string, address: string): Promise<void> {
  const claims = await readRevocable(realm, token)
  if (!claims) return
  if (claims['client_id'] !== clientId) throw foreign()
  const jti = claims['jti'] as string
  const expiresAt = claims['exp'] as number
  await realm.store.insertIfAbsent({ realm: realm.issuer, kind: 'revoked', id: jti, value: {}, expiresAt })
  await realm.audit.write({
    time: Math.floor(realm.clock()),
    event: 'token_revoked',
    issuer: realm.issuer,
    client: clientId,
    subject: claims['sub'] as string,
    jti,
    expiresAt,
    address,
  })
}

/** RFC 7009 section 2.1: refused, and the client told. */
function foreign(): OAuthError {
  return new OAuthError('unauthorized_client', 'the token was issued to another client')
}
