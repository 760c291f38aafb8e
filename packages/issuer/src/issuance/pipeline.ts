import { parseScope, SciTokenError, UndecidedError } from '@scitokens/core'
import {
  authenticateClient,
  type AuthenticatedClient,
  type AuthenticationTools,
  CLIENT_PARAMETERS,
  type ClientCredentials,
} from '../client-auth/authenticate.ts'
import type { Client } from '../clients/client.ts'
import type { Grant, GrantProposal } from '../grants/grant.ts'
import { grantTools } from './grant-tools.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import { admit } from './admit.ts'
import type { LoginRound } from '../logins/standing.ts'
import { grantAudience, identityAudience, requestedAudience } from '../policy/audience.ts'
import { decide, isIdentityAlone, type PolicyDecision } from '../policy/decide.ts'
import { type Decided, decidedBefore } from './decision-cache.ts'
import type { Policy } from '../policy/policy.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'
import type { Realm } from '../realm/realm.ts'
import type { Change } from '../store/store.ts'
import { readChildKey, signAccessToken } from '../tokens/access-token.ts'
import { signIdToken } from '../tokens/id-token.ts'
import { planRefresh } from './refresh-plan.ts'
import { familyTag, newTokenId, tagOf } from '../logins/token-id.ts'
import { responseScope, tokenScope } from '../tokens/token-scope.ts'
import { auditedCertificate, certificateOfError } from '../x509/audited.ts'
import type { X509Evidence } from '../x509/evidence.ts'

/** A request to the token endpoint. */
export interface TokenRequest extends ClientCredentials {
  /** Of the client, for the audit. */
  readonly address: string
  /** What it shows of a certificate of the grid, where this issuer knows those. */
  readonly x509?: X509Evidence | undefined
}

/** The body of a successful reply. RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly issued_token_type?: string
}

/** How often a grant looks again when others are quicker. */
const MAX_ATTEMPTS = 5

/** Parameters that every grant shares. */
export const COMMON_PARAMETERS: readonly string[] = ['grant_type', 'scope', 'expires_in', 'cwk']

/**
 * The one way to a token, for every grant: authenticate the client, let the grant propose, authorise and narrow by policy, write
 * (at most one transaction, none for client credentials), sign, audit. Whatever fails, fails before anything is signed.
 */
export async function issueToken(realm: Realm, request: TokenRequest): Promise<TokenResponse> {
  const now = Math.floor(realm.clock())
  // A change of the configuration is for those who come after it.
  const { policy } = realm
  let authentication: AuthenticatedClient | undefined
  try {
    authentication = await authenticateClient(request, tokenAuthenticationTools(realm, request))
    const { client } = authentication
    const grant = selectGrant(realm, client, request.parameters)
    const { parameters } = request
    const scope = scopeText(client, parameters)
    const tools = grantTools(realm, request)
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      // oxlint-disable no-await-in-loop -- each attempt needs the outcome of the one before
      const proposal = await grant.handle({ client, authentication, parameters, scope, now, tools })
      const round = await admit(realm, authentication, proposal)
      const response = await complete(realm, { request, authentication, grant, proposal, round, policy, now })
      // oxlint-enable no-await-in-loop
      if (response) return response
    }
    throw new UndecidedError('undecided', 'too many requests with the same token came at once')
  } catch (error) {
    await auditRefusal(realm, request, authentication, error, now)
    throw error
  }
}

/** Certificates without a client are for tokens alone: all of them are one client, which must not revoke another's. */
function tokenAuthenticationTools(realm: Realm, { x509: evidence }: TokenRequest): AuthenticationTools {
  const { x509 } = realm
  const tools = authenticationTools(realm)
  return x509 && evidence ? { ...tools, authenticateCertificate: () => x509.authenticate(evidence) } : tools
}

/** What client authentication needs of a realm. */
export function authenticationTools(realm: Realm): AuthenticationTools {
  return {
    secrets: realm.secrets,
    store: realm.store,
    clock: realm.clock,
    issuer: realm.issuer,
    assertionAudiences: [realm.issuer, realm.endpoints.token],
    findClient: (clientId) => realm.clients.find(clientId),
  }
}

function selectGrant(realm: Realm, client: Client, parameters: Parameters): Grant {
  const grantType = parameters.required('grant_type')
  const grant = realm.grants.get(grantType)
  if (!grant) throw new OAuthError('unsupported_grant_type', 'this grant_type is not supported')
  if (!client.grants.has(grant.grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant_type')
  }
  parameters.refuseDuplicates([...CLIENT_PARAMETERS, ...COMMON_PARAMETERS, ...grant.parameters])
  return grant
}

interface Issue {
  readonly request: TokenRequest
  readonly authentication: AuthenticatedClient
  readonly grant: Grant
  readonly proposal: GrantProposal
  readonly round: LoginRound | undefined
  readonly policy: Policy
  readonly now: number
}

/** Authorise, narrow, write, sign, audit. Undefined: somebody was quicker, and the grant wants to look again. */
async function complete(realm: Realm, issue: Issue): Promise<TokenResponse | undefined> {
  const { request, authentication, grant, proposal, policy, now } = issue
  const { client } = authentication
  // Who comes with a certificate of the grid is a person as well, though he acts for himself.
  if (proposal.principal.kind === 'user' || authentication.method === 'x509') {
    realm.userLimit?.take(proposal.principal.subject)
  }
  const { requested, decision } = authorise(policy, client, request.parameters, proposal)
  const wlcg = client.profileByRequest && requested.wlcg ? true : client.profile === 'wlcg:1.x'
  const audience = audienceOf(realm, issue, decision)
  // Before anything is written: without a key nothing must be used up.
  const signer = realm.keys.signer(client.algorithm)
  const cwk = readChildKey(client, request.parameters, wlcg)
  const lifetime = lifetimeOf(client, request.parameters, proposal, now)
  const refresh = planRefresh(realm, issue, decision, audience, wlcg)
  if (!(await persist(realm, proposal, refresh.changes))) return undefined

  const jti = proposal.jti ?? newTokenId(loginOf(realm, refresh.familyId, proposal))
  const scope = tokenScope(decision)
  const profile = wlcg ? 'wlcg:1.x' : client.profile
  const accessToken = await signAccessToken({
    ...issue,
    realm,
    signer,
    profile,
    lifetime,
    audience,
    decision,
    jti,
    scope,
    cwk,
  })
  // About people who logged in here, not about subjects of tokens and assertions.
  const loggedIn = proposal.principal.authTime !== undefined
  const idToken =
    loggedIn && decision.identity.includes('openid')
      ? await signIdToken({ realm, signer, client, proposal, decision, accessToken, wlcg, now })
      : undefined
  await realm.audit.write({
    time: now,
    event: 'token_issued',
    issuer: realm.issuer,
    client: client.clientId,
    subject: proposal.principal.subject,
    grant: grant.grantType,
    jti,
    ...(proposal.parent === undefined ? {} : { parent: proposal.parent }),
    ...(refresh.familyId === undefined ? {} : { family: refresh.familyId }),
    scope,
    audience,
    expiresAt: now + lifetime,
    kid: signer.kid,
    address: request.address,
    ...(authentication.note === undefined ? {} : { detail: authentication.note }),
    ...auditedCertificate(authentication.shown),
  })
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: lifetime,
    scope: responseScope(decision, requested, refresh.token !== undefined),
    ...(refresh.token === undefined ? {} : { refresh_token: refresh.token }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(proposal.issuedTokenType === undefined ? {} : { issued_token_type: proposal.issuedTokenType }),
  }
}

/** What the client says that it wants. */
function scopeText(client: Client, parameters: Parameters): string | undefined {
  return parameters.one('scope') ?? (client.acceptScopesAlias ? parameters.one('scopes') : undefined)
}

/** Authorises by policy and narrows to what was asked for; without a `scope`, to the original grant as it was. */
function authorise(
  policy: Policy,
  client: Client,
  parameters: Parameters,
  { principal, bounds }: GrantProposal,
): Decided {
  const text = scopeText(client, parameters) ?? ''
  const decideNow = (): Decided => {
    const named = parseRequestedScopes(text)
    const requested = bounds?.wlcg ? { ...named, wlcg: true } : named
    const original = bounds && { ...bounds, scopes: bounds.scope.map(parseScope) }
    return { requested, decision: decide({ policy, client, principal, requested, bounds: original }) }
  }
  return principal.kind === 'client' && !bounds ? decidedBefore(client, policy, text, decideNow) : decideNow()
}

/** Whom the token is for: within the original grant, where there is one. */
function audienceOf(
  realm: Realm,
  { request, authentication, proposal }: Issue,
  decision: PolicyDecision,
): readonly string[] {
  const { audience: policy } = authentication.client
  const requested = requestedAudience(request.parameters)
  const bounds = proposal.mayChangeAudience ? undefined : proposal.bounds
  if (!isIdentityAlone(decision)) return grantAudience(requested, policy, bounds?.audience)
  const named = requested.length === 0 && bounds?.audienceByDefault ? undefined : bounds?.audience
  return identityAudience(requested, policy, named, realm.issuer)
}

function lifetimeOf(client: Client, parameters: Parameters, { notAfter }: GrantProposal, now: number): number {
  const text = parameters.one('expires_in')
  if (text !== undefined && !/^[1-9]\d{0,9}$/.test(text)) {
    throw new OAuthError('invalid_request', 'expires_in must be a number of seconds')
  }
  // Only downward.
  const lifetime = Math.min(
    client.lifetime,
    text === undefined ? Infinity : Number(text),
    notAfter === undefined ? Infinity : notAfter - now,
  )
  if (lifetime < 1) throw new OAuthError('invalid_grant', 'what was presented has expired')
  return lifetime
}

/** The login that a token ends with: its own, or that of the token it was exchanged for. */
function loginOf(realm: Realm, familyId: string | undefined, { principal, parent }: GrantProposal): string | undefined {
  if (familyId !== undefined) return familyTag(realm.secrets, familyId)
  return principal.derived && parent !== undefined ? tagOf(parent) : undefined
}

async function persist(realm: Realm, proposal: GrantProposal, more: readonly Change[]): Promise<boolean> {
  const changes = [...proposal.changes, ...more]
  if (changes.length === 0 || (await realm.store.commit(changes))) return true
  if (!proposal.retryOnConflict) {
    throw new OAuthError('invalid_grant', proposal.conflict ?? 'what was presented has been used already')
  }
  return false
}

async function auditRefusal(
  realm: Realm,
  { parameters, address }: TokenRequest,
  authentication: AuthenticatedClient | undefined,
  error: unknown,
  now: number,
): Promise<void> {
  // A device that waits is no event.
  if (error instanceof OAuthError && (error.error === 'authorization_pending' || error.error === 'slow_down')) return
  const grant = parameters.all('grant_type')[0]
  const client = authentication?.client
  const refused = certificateOfError(error)
  try {
    await realm.audit.write({
      time: now,
      event: 'token_refused',
      issuer: realm.issuer,
      ...(client ? { client: client.clientId } : {}),
      // All certificates are one client: without the name nobody could tell who asked.
      ...(client && client.clientId === realm.x509?.clientId ? { subject: client.subject } : {}),
      ...(refused?.verified ? { subject: refused.dn } : {}),
      ...(grant !== undefined && realm.grants.has(grant) ? { grant } : {}),
      address,
      error: error instanceof OAuthError ? error.error : error instanceof SciTokenError ? error.code : 'server_error',
      ...(error instanceof OAuthError ? { detail: error.detail ?? error.message } : {}),
      ...auditedCertificate(refused ?? authentication?.shown),
    })
  } catch (cause) {
    realm.logger.error({ err: cause }, 'an audit line about a refusal could not be written')
  }
}
