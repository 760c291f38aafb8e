import { sendJson } from '@scitokens/issuer/internal'
import type { DemoContext } from '../demo-context.ts'
import { DEVICE_CODE, REFRESH_TOKEN } from '../issuing/grants.ts'

const MAX_AGE_SECONDS = 300

/** The keys, and where everything is: both forms of metadata, which claim what is there and nothing else. */
export function metadataRoutes({ app, settings, keys, route }: DemoContext): void {
  const { issuer, basePath } = settings
  const metadata = JSON.stringify({
    issuer,
    jwks_uri: `${issuer}/oauth2/certs`,
    token_endpoint: `${issuer}/oauth2/token`,
    device_authorization_endpoint: `${issuer}/oauth2/device_authorization`,
    registration_endpoint: `${issuer}/oauth2/oidc-cm`,
    grant_types_supported: [DEVICE_CODE, 'client_credentials', REFRESH_TOKEN],
    response_types_supported: [],
    scopes_supported: ['read:/', 'write:/'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    subject_types_supported: ['public'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'ver'],
    service_documentation: `${issuer}/`,
  })
  const documents = new Set([
    `${basePath}/.well-known/openid-configuration`,
    `${basePath}/.well-known/oauth-authorization-server`,
    `/.well-known/oauth-authorization-server${basePath}`,
  ])
  for (const path of documents) {
    app.get(path, route, (_request, reply) =>
      sendJson(reply.header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`), metadata),
    )
  }
  app.get(`${basePath}/oauth2/certs`, route, async (request, reply) => {
    const { body, etag } = await keys.published()
    reply.header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`).header('etag', etag)
    return request.headers['if-none-match'] === etag ? reply.code(304).send() : sendJson(reply, body)
  })
}
