import type { Client } from '../clients/client.ts'
import type { Parameters } from '../http/parameters.ts'
import { boundingAudience, identityAudience, requestedAudience } from '../policy/audience.ts'
import { boundsOf, decide, type GrantBounds, isIdentityAlone } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'
import type { Realm } from '../realm/realm.ts'

/** What a person can be asked to consent to: the request within the policy. Throws OAuth errors. */
export function judgeRequest(realm: Realm, client: Client, principal: Principal, parameters: Parameters): GrantBounds {
  return judge(realm, client, principal, parameters.one('scope') ?? '', requestedAudience(parameters))
}

/** As {@link judgeRequest}, for what was asked for earlier. */
export function judge(
  realm: Realm,
  client: Client,
  principal: Principal,
  scope: string,
  audience: readonly string[],
): GrantBounds {
  const requested = parseRequestedScopes(scope)
  const decision = decide({ policy: realm.policy, client, principal, requested, bounds: undefined })
  if (isIdentityAlone(decision)) {
    const named = audience.length === 0 ? [] : identityAudience(audience, client.audience, undefined, realm.issuer)
    return boundsOf(decision, named, requested.wlcg)
  }
  const bounding = boundingAudience(audience, client.audience)
  return boundsOf(decision, bounding, requested.wlcg, audience.length === 0 && bounding.length > 0)
}
