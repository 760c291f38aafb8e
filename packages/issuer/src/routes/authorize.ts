import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CodeRecord } from '../grants/authorization-code.ts'
import type { Client } from '../clients/client.ts'
import { redirectUriMatches } from '../clients/redirect-uri.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { Parameters } from '../http/parameters.ts'
import { judgeRequest } from '../issuance/judge-request.ts'
import { FORM_FIELD } from '../people/form.ts'
import { sendProblem } from '../people/page.ts'
import { principalOf, readSession, type Session } from '../people/session.ts'
import { clientRound } from '../logins/standing.ts'
import type { GrantBounds } from '../policy/decide.ts'
import type { Realm } from '../realm/realm.ts'
import { refuseAuthorization, sendCode } from './authorization-reply.ts'
import { consent, showConsent } from './consent.ts'
import { redirectToLogin } from './login.ts'
import { describedPage, sentForm } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'

/** What an application wants, checked as far as it can be before a person is there. */
interface AuthorizationRequest {
  readonly client: Client
  /** The round of logins with the client. */
  readonly round: number
  readonly redirectUri: string
  readonly state: string | undefined
  readonly parameters: Parameters
}

/** Parameters that it reads, besides those about the audience. */
const AUTHORIZATION_PARAMETERS: readonly string[] = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'response_mode',
  'request',
  'request_uri',
]

const GET = describedPage('Begins a login in the browser. RFC 6749 section 4.1.1', { query: AUTHORIZATION_PARAMETERS })
const POST = sentForm('The same, by a form', AUTHORIZATION_PARAMETERS)
const CONSENT = sentForm('A person allows an application, or not', [FORM_FIELD, 'answer'], 'session')

/** The authorization endpoint and its consent page. RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2. */
export function authorizeRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  if (!realm.upstream) return
  app.route({
    method: ['GET', 'POST'],
    url: `${basePath}/authorize`,
    ...constraintsOf(context),
    ...described({ GET, POST }),
    handler: (request, reply) => authorize(realm, request, reply),
  })
  const options = { ...constraintsOf(context), ...described({ POST: CONSENT }) }
  app.post(`${basePath}/authorize/consent`, options, (request, reply) => consent(realm, request, reply))
}

async function authorize(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const search = new URL(request.url, realm.issuer).search.slice(1)
  const parameters = request.body instanceof Parameters ? request.body : Parameters.parse(search)
  let asked: AuthorizationRequest
  try {
    asked = await readTarget(realm, parameters)
  } catch (error) {
    // RFC 6749 section 4.1.2.1: without a good client and redirect URI nothing is sent anywhere.
    if (error instanceof OAuthError)
      return sendProblem(reply, 400, `The application's request is not valid: ${error.message}.`)
    throw error
  }
  try {
    checkRequest(asked)
    const session = await readSession(realm, request)
    const prompt = parameters.one('prompt')?.split(' ') ?? []
    if (!session || mustLogInAgain(realm, session, parameters, prompt)) {
      if (prompt.includes('none')) throw new OAuthError('login_required', 'nobody is logged in')
      const again = prompt.includes('login') || parameters.has('max_age')
      return redirectToLogin(realm, reply, loginReturn(realm, parameters), again)
    }
    const principal = principalOf(session)
    const bounds = judgeRequest(realm, asked.client, principal, parameters)
    const record = codeRecord(realm, asked, session, bounds)
    if (asked.client.skipConsent) return await sendCode(realm, reply, record, asked.state, request.ip)
    if (prompt.includes('none')) throw new OAuthError('consent_required', 'the person has to be asked')
    return showConsent(realm, reply, session, asked, record)
  } catch (error) {
    if (error instanceof OAuthError) return refuseAuthorization(realm, reply, asked.client, asked, error)
    throw error
  }
}

async function readTarget(realm: Realm, parameters: Parameters): Promise<AuthorizationRequest> {
  const clientId = parameters.required('client_id')
  // First the round, then the client: one that is removed in between is of an earlier round.
  const round = await clientRound(realm, clientId)
  const client = await realm.clients.find(clientId)
  if (!client) throw new OAuthError('invalid_client', 'this application is not known here')
  const named = parameters.one('redirect_uri')
  const only = client.redirectUris.length === 1 ? client.redirectUris[0] : undefined
  const redirectUri = named ?? only
  if (redirectUri === undefined || !redirectUriMatches(client.redirectUris, redirectUri)) {
    throw new OAuthError('invalid_redirect_uri', 'its redirect_uri is not registered')
  }
  return { client, round, redirectUri, state: parameters.one('state'), parameters }
}

function checkRequest({ client, parameters }: AuthorizationRequest): void {
  parameters.refuseDuplicates(AUTHORIZATION_PARAMETERS)
  if (parameters.has('request')) throw new OAuthError('request_not_supported', 'request objects are not supported')
  if (parameters.has('request_uri'))
    throw new OAuthError('request_uri_not_supported', 'request objects are not supported')
  if (parameters.required('response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'only response_type=code is supported')
  if (!client.grants.has('authorization_code'))
    throw new OAuthError('unauthorized_client', 'this client may not use the authorization endpoint')
  if ((parameters.one('response_mode') ?? 'query') !== 'query')
    throw new OAuthError('invalid_request', 'only response_mode=query is supported')
  if (!/^\d{1,9}$/.test(parameters.one('max_age') ?? '0'))
    throw new OAuthError('invalid_request', 'max_age must be a number of seconds')
  const challenge = parameters.one('code_challenge')
  const method = parameters.one('code_challenge_method')
  if (challenge === undefined) {
    if (client.requirePkce) throw new OAuthError('invalid_request', 'a code_challenge is needed (PKCE)')
    if (method !== undefined) throw new OAuthError('invalid_request', 'the code_challenge is missing')
  } else {
    // RFC 7636 section 4.3: without a method it would be "plain".
    if (method !== 'S256') throw new OAuthError('invalid_request', 'only code_challenge_method=S256 is supported')
    if (!/^[A-Za-z0-9_-]{43}$/.test(challenge))
      throw new OAuthError('invalid_request', 'the code_challenge is malformed')
  }
}

function mustLogInAgain(
  realm: Realm,
  { authTime }: Session,
  parameters: Parameters,
  prompt: readonly string[],
): boolean {
  const maxAge = parameters.one('max_age')
  // OpenID Connect Core section 3.1.2.1: `max_age=0` means what `prompt=login` means.
  if (prompt.includes('login') || maxAge === '0') return true
  return maxAge !== undefined && realm.clock() - authTime > Number(maxAge)
}

/** Back here after the login, without asking for one again: how old it is, the application sees by `auth_time`. */
function loginReturn(realm: Realm, parameters: Parameters): string {
  const url = new URL(realm.endpoints.authorization)
  for (const name of [...AUTHORIZATION_PARAMETERS.filter((one) => one !== 'max_age'), 'audience', 'resource']) {
    for (const value of parameters.all(name)) {
      const kept =
        name === 'prompt'
          ? value
              .split(' ')
              .filter((item) => item !== 'login')
              .join(' ')
          : value
      if (kept !== '') url.searchParams.append(name, kept)
    }
  }
  return url.href
}

function codeRecord(realm: Realm, asked: AuthorizationRequest, session: Session, bounds: GrantBounds): CodeRecord {
  return {
    clientId: asked.client.clientId,
    redirectUri: asked.redirectUri,
    redirectUriGiven: asked.parameters.has('redirect_uri'),
    codeChallenge: asked.parameters.one('code_challenge'),
    principal: principalOf(session),
    bounds,
    round: { person: session.round ?? 0, client: asked.round },
    nonce: asked.parameters.one('nonce'),
    expiresAt: Math.floor(realm.clock()) + realm.times.codeSeconds,
  }
}
