import { BoundedMap } from '@scitokens/core/internal'
import type { Client } from '../clients/client.ts'
import type { PolicyDecision } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import type { RequestedScopes } from '../policy/requested-scopes.ts'

/** What was asked for, read, and what it led to. */
export interface Decided {
  readonly requested: RequestedScopes
  readonly decision: PolicyDecision
}

interface Kept {
  readonly policy: Policy
  readonly byScope: BoundedMap<string, Decided>
}

const MAX_SCOPES = 100
const MAX_LENGTH = 1000
const kept = new WeakMap<Client, Kept>()

/**
 * The decision about a client that acts for itself depends on its configuration, the policy and the `scope` alone, and clients ask
 * the same thing again and again: the last hundred different ones of each client are kept. A changed configuration is another
 * client object and another policy object, so nothing outlives it.
 */
export function decidedBefore(client: Client, policy: Policy, scope: string, decideNow: () => Decided): Decided {
  if (scope.length > MAX_LENGTH) return decideNow()
  let entry = kept.get(client)
  if (entry?.policy !== policy)
    kept.set(client, (entry = { policy, byScope: new BoundedMap({ maxEntries: MAX_SCOPES }) }))
  const known = entry.byScope.get(scope)
  if (known) return known
  const decided = decideNow()
  entry.byScope.set(scope, decided)
  return decided
}
