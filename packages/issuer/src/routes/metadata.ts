import { createHash } from 'node:crypto'
import { AUTH_METHOD_NAMES, AUTH_METHODS } from '../clients/auth-method.ts'
import type { Realm } from '../realm/realm.ts'
import { open, TEXTS, URL_TEXT } from '../openapi/json-schema.ts'
import { type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'

/** RFC 8414 section 2, OpenID Connect Discovery section 3. */
const ANSWER = open({
  issuer: URL_TEXT,
  token_endpoint: URL_TEXT,
  jwks_uri: URL_TEXT,
  grant_types_supported: TEXTS,
  response_types_supported: TEXTS,
  scopes_supported: TEXTS,
  token_endpoint_auth_methods_supported: TEXTS,
  code_challenge_methods_supported: TEXTS,
})

function operationOf(path: string): Operation {
  const standard = path.includes('openid-configuration') ? 'OpenID Connect Discovery section 4' : 'RFC 8414 section 3'
  return {
    summary: `What this issuer can do, and where. ${standard}`,
    tag: 'keys and metadata',
    answers: { 200: ANSWER, 304: 'nothing' },
  }
}

/**
 * Metadata at every place where clients of the field look: below the issuer as OpenID Connect Discovery and as oidc-agent
 * has it, and with the well-known part inserted as RFC 8414 section 3 has it.
 */
export function metadataRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  let document = describe(realm)
  const paths = new Set([
    `${basePath}/.well-known/openid-configuration`,
    `${basePath}/.well-known/oauth-authorization-server`,
    `/.well-known/oauth-authorization-server${basePath}`,
    `/.well-known/openid-configuration${basePath}`,
  ])
  for (const path of paths) {
    const options = { ...constraintsOf(context), ...described({ GET: operationOf(path) }) }
    app.get(path, options, async (request, reply) => {
      // What can be asked for follows the configuration.
      if (document.scopes !== realm.scopesSupported) document = describe(realm)
      const { body, etag } = document
      reply
        .header('cache-control', `public, max-age=${realm.times.metadataMaxAgeSeconds}`)
        .header('access-control-allow-origin', '*')
        .header('etag', etag)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return sendJson(reply, body)
    })
  }
}

function describe(realm: Realm): { scopes: readonly string[]; body: string; etag: string } {
  const body = JSON.stringify(metadataOf(realm))
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { scopes: realm.scopesSupported, body, etag }
}

/** The metadata document. RFC 8414 section 2, OpenID Connect Discovery section 3. It claims what is there and nothing else. */
function metadataOf(realm: Realm): Record<string, unknown> {
  const { endpoints, grants } = realm
  const authMethods = AUTH_METHOD_NAMES.flatMap((method) => AUTH_METHODS[method].names(realm.clientCertificates))
  const assertionAlgorithms = ['ES256', 'RS256', 'ES384', 'ES512', 'PS256', 'EdDSA']
  return {
    issuer: realm.issuer,
    token_endpoint: endpoints.token,
    jwks_uri: endpoints.jwks,
    ...(realm.upstream
      ? { authorization_endpoint: endpoints.authorization, device_authorization_endpoint: endpoints.device }
      : {}),
    revocation_endpoint: endpoints.revocation,
    introspection_endpoint: endpoints.introspection,
    ...(realm.registration ? { registration_endpoint: endpoints.registration } : {}),
    userinfo_endpoint: endpoints.userinfo,
    grant_types_supported: [...grants.keys()],
    response_types_supported: realm.upstream ? ['code'] : [],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: realm.scopesSupported,
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    revocation_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_methods_supported: authMethods,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: realm.algorithms,
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'nbf',
      'iat',
      'jti',
      'scope',
      'ver',
      'wlcg.ver',
      'wlcg.groups',
      'client_id',
    ],
    authorization_response_iss_parameter_supported: true,
    ...(realm.clientCertificates === undefined ? {} : { tls_client_certificate_bound_access_tokens: true }),
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}
