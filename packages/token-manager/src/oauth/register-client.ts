import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { dynamicClientRegistrationRequest, processDynamicClientRegistrationResponse } from 'oauth4webapi'
import type { ClientIdentity, OAuthClient } from './oauth-client.ts'
import { checkServerStatus } from './oauth-failure.ts'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * Registers a public client for one person at an issuer that lets anybody do so. RFC 7591; native clients by RFC 8252 section 8.4.
 *
 * Throws `config_error` when the issuer wants clients to be registered by hand.
 */
export async function registerClient(
  oauth: OAuthClient,
  issuer: string,
  scopes: readonly string[],
): Promise<ClientIdentity> {
  const server = await oauth.metadata.get(issuer)
  if (server.registration_endpoint === undefined) {
    throw new ConfigError(
      'config_error',
      `the issuer ${quote(issuer)} registers no clients by itself: a client id is needed`,
      {
        issuer,
      },
    )
  }
  return oauth.attempt(issuer, async () => {
    const response = await dynamicClientRegistrationRequest(
      server,
      {
        client_name: 'scitokens',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
        ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      },
      oauth.transport,
    )
    checkServerStatus(issuer, response, oauth.clock())
    const registered = await processDynamicClientRegistrationResponse(response)
    const { client_id: clientId, client_secret: secret } = registered
    return { issuer, clientId, ...(typeof secret === 'string' ? { clientSecret: secret } : {}) }
  })
}
