import { given } from '@scitokens/core/internal'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Grant, GrantProposal } from '../grants/grant.ts'
import { FIRST_ROUND, type LoginRound } from '../logins/standing.ts'
import { boundsOf, type PolicyDecision } from '../policy/decide.ts'
import type { Realm } from '../realm/realm.ts'
import type { Change } from '../store/store.ts'
import { type Family, formatRefreshToken, newFamilyId } from '../logins/refresh-token.ts'

/** What a plan is made of. */
export interface RefreshInput {
  readonly authentication: AuthenticatedClient
  readonly grant: Grant
  readonly proposal: GrantProposal
  /** In which round of logins this is; undefined for a client that acts for itself. */
  readonly round: LoginRound | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** The refresh token of an answer, and what has to be written for it. */
export interface RefreshPlan {
  readonly token: string | undefined
  readonly familyId: string | undefined
  readonly changes: readonly Change[]
}

/** Which refresh token goes with the answer: none, the first of a new family, or the next of an old one. */
export function planRefresh(
  realm: Realm,
  { proposal, authentication, grant, round, now }: RefreshInput,
  decision: PolicyDecision,
  audience: readonly string[],
  wlcg: boolean,
): RefreshPlan {
  const { refresh } = proposal
  const { client } = authentication
  if (refresh.kind === 'existing') return { token: refresh.token, familyId: refresh.familyId, changes: [] }
  if (refresh.kind === 'none' || !client.grants.has('refresh_token')) {
    return { token: undefined, familyId: undefined, changes: [] }
  }
  const familyId = refresh.familyId ?? newFamilyId()
  const family: Family = {
    clientId: client.clientId,
    principal: proposal.principal,
    // The original grant: what was consented to, not what this first token was narrowed to.
    bounds: refresh.bounds ?? boundsOf(decision, audience, wlcg),
    generation: 1,
    used: [],
    createdAt: now,
    lastUsedAt: now,
    grant: grant.grantType,
    round: round ?? FIRST_ROUND,
    ...given({ parent: proposal.parent, confirmation: proposal.confirmation }),
  }
  const { lifetimeSeconds, maxSeconds } = client.refresh
  const expiresAt = now + Math.min(lifetimeSeconds, maxSeconds ?? Infinity)
  const entry = { realm: realm.issuer, kind: 'family' as const, id: familyId, owner: proposal.principal.subject }
  return {
    token: formatRefreshToken({ familyId, generation: 1 }, realm.secrets),
    familyId,
    changes: [{ insert: { ...entry, value: family, expiresAt } }],
  }
}
