import { formatScope, type JsonObject, SciTokenError } from '@scitokens/core'
import { given, parseAudience, parseGroups } from '@scitokens/core/internal'
import type { Client } from '../clients/client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import type { GrantBounds } from '../policy/decide.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'
import type { Grant, GrantTools } from './grant.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token'
const ACCEPTED_TYPES = [ACCESS_TOKEN, 'urn:ietf:params:oauth:token-type:jwt']

/** RFC 8693: a token of this issuer for another one that can do less or the same, bound to what it was bound to, and ends no later. */
export const tokenExchange: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
  shortName: 'token_exchange',
  label: 'Passed on by another application of yours',
  givenTo: 'nobody',
  needs: { login: false, credentials: false, redirectUri: false },
  parameters: ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'],
  async handle({ client, parameters, scope, tools }) {
    checkTypes(parameters)
    const subject = await verify(tools, parameters.required('subject_token'), 'subject_token')
    mayExchange(client, subject)
    const refreshable = givesRefreshToken(client, subject, parameters, scope)
    return {
      principal: {
        kind: 'user',
        subject: subject['sub'] as string,
        groups: Object.hasOwn(subject, 'wlcg.groups') ? parseGroups(subject['wlcg.groups']!) : [],
        claims: {},
        // What its subject may have, the token itself proves: rules about people are not asked again.
        derived: true,
      },
      presentedIat: subject['iat'] as number,
      exchangedFrom: subject['client_id'] as string,
      bounds: boundsOf(subject, refreshable),
      mayChangeAudience: client.exchange.widenAudience,
      // Whatever comes with it: the token itself ends with the one that it was exchanged for.
      notAfter: subject['exp'] as number,
      changes: [],
      refresh: { kind: refreshable ? 'new' : 'none' },
      parent: subject['jti'] as string,
      ...(await actor(client, subject, parameters, tools)),
      // Proven by now, or it would have been refused.
      ...(subject['cnf'] === undefined ? {} : { confirmation: subject['cnf'] as JsonObject }),
      issuedTokenType: ACCESS_TOKEN,
    }
  },
}

function checkTypes(parameters: Parameters): void {
  const wanted = parameters.one('requested_token_type') ?? ACCESS_TOKEN
  if (wanted !== REFRESH_TOKEN && !ACCEPTED_TYPES.includes(wanted))
    throw refuse('only access tokens, and refresh tokens beside them, are issued by an exchange')
  if (!ACCEPTED_TYPES.includes(parameters.required('subject_token_type')))
    throw refuse('the subject token must be an access token')
  if (parameters.has('actor_token') !== parameters.has('actor_token_type'))
    throw refuse('actor_token and actor_token_type go together')
  const actorType = parameters.one('actor_token_type')
  if (actorType !== undefined && !ACCEPTED_TYPES.includes(actorType))
    throw refuse('the actor token must be an access token')
}

/** RFC 8693 section 2.2.2: a token that is not acceptable makes the request invalid. */
async function verify(tools: GrantTools, token: string, name: string): Promise<JsonObject> {
  try {
    return await tools.verifyAccessToken(token)
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'not_acceptable') {
      const why =
        error.code === 'proof_missing'
          ? 'is bound to a key (cnf) of which this connection shows no proof'
          : 'is not a valid access token of this issuer'
      throw new OAuthError('invalid_request', `the ${name} ${why}`, { detail: error.message, cause: error })
    }
    throw error
  }
}

function mayExchange(client: Client, subject: JsonObject): void {
  const from = subject['client_id'] as string
  if (from === client.clientId || client.exchange.from.includes('*') || client.exchange.from.includes(from)) return
  throw refuse('this client may not exchange tokens of the client that the subject token was issued to')
}

/**
 * A refresh token outlives the token that it was exchanged for, so policy *and* request must say so: by the scope `offline_access`, or by its
 * type (RFC 8693 section 2.1). It comes beside the access token, as ever. Throws `invalid_request` where its type is asked for in vain.
 */
function givesRefreshToken(
  client: Client,
  subject: JsonObject,
  parameters: Parameters,
  scope: string | undefined,
): boolean {
  const byType = parameters.one('requested_token_type') === REFRESH_TOKEN
  if (!byType && !parseRequestedScopes(scope ?? '').identity.includes('offline_access')) return false
  // A login that ends at a set age cannot be begun anew with what came of it.
  const endless = subject['client_id'] !== client.clientId || client.refresh.maxSeconds === undefined
  const allowed = client.exchange.refresh && client.grants.has('refresh_token') && endless
  if (byType && !allowed) throw refuse('this client gets no refresh token for this subject token')
  return allowed
}

function boundsOf(subject: JsonObject, refreshable: boolean): GrantBounds {
  const scope = parseRequestedScopes((subject['scope'] as string | undefined) ?? '')
  return {
    scope: scope.scopes.map(formatScope),
    identity: [...scope.identity, ...(refreshable ? ['offline_access'] : [])],
    groups: Object.hasOwn(subject, 'wlcg.groups') ? parseGroups(subject['wlcg.groups']!) : [],
    audience: parseAudience(subject['aud']!),
    wlcg: Object.hasOwn(subject, 'wlcg.ver'),
  }
}

/** RFC 8693 section 4.1: whoever acts for the subject is named, before those who acted earlier. */
async function actor(
  client: Client,
  subject: JsonObject,
  parameters: Parameters,
  tools: GrantTools,
): Promise<{ actor?: JsonObject }> {
  const token = parameters.one('actor_token')
  const earlier = given({ act: subject['act'] })
  if (token !== undefined) {
    const claims = await verify(tools, token, 'actor_token')
    if (claims['client_id'] !== client.clientId) throw refuse('the actor token was not issued to this client')
    return { actor: { sub: claims['sub']!, ...earlier } }
  }
  if (subject['client_id'] !== client.clientId) return { actor: { sub: client.subject, ...earlier } }
  return subject['act'] === undefined ? {} : { actor: subject['act'] as JsonObject }
}

function refuse(description: string): OAuthError {
  return new OAuthError('invalid_request', description)
}
