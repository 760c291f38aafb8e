import { OAuthError } from '../http/oauth-error.ts'
import type { Realm } from '../realm/realm.ts'
import type { DecidedIssue } from './decide.ts'
import type { Issue } from './issue.ts'
import { planRefresh, type RefreshPlan } from './refresh-plan.ts'

/**
 * Second step: writes what makes the grant good, and the refresh family, in one transaction; nothing where there is nothing to write.
 * Undefined: somebody was quicker, and the grant wants to look again. Throws `invalid_grant` where it does not.
 */
export async function commitIssue(
  realm: Realm,
  issue: Issue,
  { decision, audience, wlcg }: DecidedIssue,
): Promise<RefreshPlan | undefined> {
  const { proposal } = issue
  const refresh = planRefresh(realm, issue, decision, audience, wlcg)
  const changes = [...proposal.changes, ...refresh.changes]
  if (changes.length === 0 || (await realm.store.commit(changes))) return refresh
  if (proposal.retryOnConflict) return undefined
  throw new OAuthError('invalid_grant', proposal.conflict ?? 'what was presented has been used already')
}
