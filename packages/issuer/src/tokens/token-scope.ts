import type { PolicyDecision } from '../policy/decide.ts'
import { isEmptyRequest, type RequestedScopes } from '../policy/requested-scopes.ts'

/**
 * The `scope` of an access token. Identity scopes stay in it, so that userinfo can be asked with it; `offline_access` is nobody's business
 * there. Groups stand in a claim of their own; a token with nothing but them says so, as some servers (XRootD) take none without a scope.
 */
export function tokenScope({ scopeItems, identity }: Pick<PolicyDecision, 'scopeItems' | 'identity'>): string {
  const items = [...identity.filter((item) => item !== 'offline_access'), ...scopeItems]
  return items.length > 0 ? items.join(' ') : 'wlcg.groups'
}

/**
 * The `scope` of the answer: what was granted, in the words in which it is asked for. RFC 6749 section 5.1.
 *
 * @param refreshable - whether a refresh token goes with it.
 */
export function responseScope(
  { scopeItems, identity, groups }: PolicyDecision,
  requested: RequestedScopes,
  refreshable: boolean,
): string {
  const byName = isEmptyRequest(requested) ? groups : groups.filter((group) => requested.groups.includes(group))
  const items = [
    ...identity.filter((item) => item !== 'offline_access' || refreshable),
    ...scopeItems,
    ...(requested.groups.includes(undefined) ? ['wlcg.groups'] : []),
    ...byName.map((group) => `wlcg.groups:${group}`),
    ...(requested.wlcg ? ['wlcg'] : []),
  ]
  return items.join(' ')
}
