import { type Jwk, parseScope, type ProfileName, type Signer } from '@scitokens/core'
import type { Client } from '../clients/client.ts'
import type { GrantProposal } from '../grants/grant.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import { grantAudience, identityAudience, requestedAudience } from '../policy/audience.ts'
import { decide, isIdentityAlone, type PolicyDecision } from '../policy/decide.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'
import type { Realm } from '../realm/realm.ts'
import { readChildKey } from '../tokens/access-token.ts'
import { type Decided, decidedBefore } from './decision-cache.ts'
import type { Issue } from './issue.ts'
import { scopeText } from './scope-text.ts'

/** What the token will be, all of it decided and nothing of it written or signed. */
export interface DecidedIssue extends Decided {
  /** The token follows the WLCG profile. */
  readonly wlcg: boolean
  readonly profile: ProfileName
  readonly audience: readonly string[]
  /** In seconds. */
  readonly lifetime: number
  /** Whose key the token can be derived from, where it is the base of a chain. */
  readonly cwk: Jwk | undefined
  readonly signer: Signer
}

/** First step: authorises by policy, and narrows to what was asked for. Throws OAuth errors. */
export function decideIssue(realm: Realm, issue: Issue): DecidedIssue {
  const { authentication, proposal, policy, now } = issue
  const { parameters } = issue.request
  const { client } = authentication
  // Who comes with a certificate of the grid is a person as well, though he acts for himself.
  if (proposal.principal.kind === 'user' || authentication.method === 'x509') {
    realm.userLimit?.take(proposal.principal.subject)
  }
  const { requested, decision } = authorise(policy, client, parameters, proposal)
  const wlcg = client.profileByRequest && requested.wlcg ? true : client.profile === 'wlcg:1.x'
  return {
    requested,
    decision,
    wlcg,
    profile: wlcg ? 'wlcg:1.x' : client.profile,
    audience: audienceOf(realm, issue, decision),
    // Before anything is written: without a key nothing must be used up.
    signer: realm.keys.signer(client.algorithm),
    cwk: readChildKey(client, parameters, wlcg),
    lifetime: lifetimeOf(client, parameters, proposal, now),
  }
}

/** Authorises by policy and narrows to what was asked for; without a `scope`, to the original grant as it was. */
function authorise(
  policy: Issue['policy'],
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
