import { OAuthError, Parameters, sendJson } from '@scitokens/issuer/internal'
import { jsonBody } from './body.ts'
import type { DemoContext } from '../demo-context.ts'
import { answerGrant, DEMO_DEVICE_CODE, DEVICE_CODE, REFRESH_TOKEN } from '../issuing/grants.ts'

const DEVICE_CODE_SECONDS = 3600
const DEVICE_INTERVAL_SECONDS = 5

/** The OAuth endpoints: no accounts, nothing kept, the same client and the same device for everybody. */
export function oauthRoutes(context: DemoContext): void {
  const { app, settings, limited } = context
  const { issuer, basePath } = settings

  app.post(`${basePath}/oauth2/oidc-cm`, limited, (request, reply) => {
    let scope: unknown
    try {
      scope = jsonBody(request)['scope']
    } catch {
      // Whoever says nothing about itself is the same client as everybody.
    }
    const client = {
      client_id: 'test-client',
      grant_types: [REFRESH_TOKEN, DEVICE_CODE],
      token_endpoint_auth_method: 'none',
      scope: typeof scope === 'string' ? scope : 'read:/',
    }
    return sendJson(reply.code(201), JSON.stringify(client))
  })

  app.post(`${basePath}/oauth2/device_authorization`, limited, (_request, reply) => {
    const answer = {
      user_code: 'SCITOKENS',
      // RFC 8628 section 3.2, and the name that it had before.
      verification_uri: `${issuer}/device-code`,
      verification_url: `${issuer}/device-code`,
      verification_uri_complete: `${issuer}/device-code?user_code=SCITOKENS`,
      device_code: DEMO_DEVICE_CODE,
      expires_in: DEVICE_CODE_SECONDS,
      interval: DEVICE_INTERVAL_SECONDS,
    }
    return sendJson(reply, JSON.stringify(answer))
  })

  app.post(`${basePath}/submit-code`, limited, (_request, reply) => reply.redirect(`${basePath}/`, 302))

  app.post(`${basePath}/oauth2/token`, limited, async (request, reply) => {
    try {
      const body = Parameters.parse(typeof request.body === 'string' ? request.body : '')
      return sendJson(reply, JSON.stringify(await answerGrant(context, body)))
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      return sendJson(reply.code(error.status).headers(error.headers), JSON.stringify(error.toBody()))
    }
  })
}
