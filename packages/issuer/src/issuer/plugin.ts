import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { SciTokenError } from '@scitokens/core'
import { formatRetryAfter } from '@scitokens/core/internal'
import { refusePersonsSubjects, settleClients } from '../clients/settle-clients.ts'
import { parseMultipart } from '../http/multipart.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { Parameters } from '../http/parameters.ts'
import { watchRoutes } from '../openapi/route-list.ts'
import type { Realm } from '../realm/realm.ts'
import { applicationsRoutes } from '../routes/applications.ts'
import { authorizeRoutes } from '../routes/authorize.ts'
import { deviceRoutes } from '../routes/device.ts'
import { introspectRoute } from '../routes/introspect.ts'
import { registerRoutes } from '../routes/register.ts'
import { revokeRoute } from '../routes/revoke.ts'
import { userinfoRoute } from '../routes/userinfo.ts'
import { loginRoutes } from '../routes/login.ts'
import { logoutRoute } from '../routes/logout.ts'
import { jwksRoute } from '../routes/jwks.ts'
import { metadataRoutes } from '../routes/metadata.ts'
import { openapiRoute } from '../routes/openapi.ts'
import type { RouteContext } from '../routes/route-context.ts'
import { sendJson } from '../http/send-json.ts'
import { NO_STORE } from '../http/no-store.ts'
import { tokenRoute } from '../routes/token.ts'
import { refuseDoubledFields } from '../http/single-fields.ts'

const ROUTES: readonly ((context: RouteContext) => void)[] = [
  metadataRoutes,
  jwksRoute,
  tokenRoute,
  loginRoutes,
  authorizeRoutes,
  deviceRoutes,
  applicationsRoutes,
  logoutRoute,
  introspectRoute,
  revokeRoute,
  userinfoRoute,
  registerRoutes,
]

/** How request bodies are read. */
export interface FormOptions {
  readonly maxBodyBytes: number
  /** `multipart/form-data` too. */
  readonly acceptMultipart: boolean
}

/** The endpoints of all realms as one Fastify plugin, with body parsing and error handling of its own. */
export function issuerPlugin(realms: readonly Realm[], forms: FormOptions): FastifyPluginAsync {
  return async (app) => {
    acceptForms(app, forms)
    refuseDoubledFields(app)
    // Before the first request, and only by whoever serves: a command that looks into the database ends nothing.
    app.addHook('onReady', async () => {
      for (const realm of realms) {
        // oxlint-disable no-await-in-loop -- one after the other, so that errors stay clear
        await refusePersonsSubjects(realm, realm.clients.configured)
        await settleClients(realm, realm.clients.configured)
        // oxlint-enable no-await-in-loop
      }
    })
    const routesOf = watchRoutes(app)
    const basePaths = realms.map(({ issuer }) => new URL(issuer).pathname.replace(/\/$/, ''))
    app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply, realms[0]!))
    for (const realm of realms) {
      const url = new URL(realm.issuer)
      const byHost = new Set(realms.map((other) => new URL(other.issuer).host)).size > 1
      const context: RouteContext = {
        realm,
        app,
        basePath: url.pathname.replace(/\/$/, ''),
        host: byHost ? url.host : undefined,
      }
      for (const route of ROUTES) route(context)
      if (realm.openapi) openapiRoute(context, () => routesOf(context.basePath, context.host, basePaths))
    }
  }
}

function acceptForms(app: FastifyInstance, { maxBodyBytes: bodyLimit, acceptMultipart }: FormOptions): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    (_request, body, done) => {
      done(null, Parameters.parse(body as string))
    },
  )
  if (!acceptMultipart) return
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit },
    async (request: FastifyRequest, body: Buffer) =>
      parseMultipart(body.toString('latin1'), request.headers['content-type']!),
  )
}

/** Every failure as an OAuth error. What the client cannot mend is told to the log alone. */
function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, realm: Realm): FastifyReply {
  const answer = asOAuthError(error)
  if (answer.status >= 500) realm.logger.error({ err: error, url: request.routeOptions.url }, 'a request failed')
  reply.code(answer.status).headers({ ...NO_STORE, ...answer.headers })
  return sendJson(reply, JSON.stringify(answer.toBody()))
}

function asOAuthError(error: FastifyError): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof SciTokenError) {
    if (error.family !== 'undecided')
      return new OAuthError('server_error', 'something went wrong here', { cause: error })
    const headers = { 'retry-after': formatRetryAfter(error.retryAfterSeconds ?? 5) }
    return new OAuthError('temporarily_unavailable', 'this cannot be done just now, try again', { headers })
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || error.code === 'FST_ERR_CTP_EMPTY_JSON_BODY') {
    return new OAuthError('invalid_request', 'send the parameters as application/x-www-form-urlencoded in the body')
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new OAuthError('invalid_request', 'the request is too large', { status: 413 })
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new OAuthError('invalid_request', 'the request is malformed', { status: error.statusCode })
  }
  return new OAuthError('server_error', 'something went wrong here')
}
