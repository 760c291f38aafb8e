import type { Client } from '../clients/client.ts'
import type { Realm } from '../realm.ts'
import { verifyAssertion } from '../tokens/assertion.ts'
import { verifyOwnToken } from '../tokens/own-token.ts'
import type { GrantTools } from './grant.ts'

/** What grants see of a realm: all but its keys. */
export function grantTools(realm: Realm, address: string): GrantTools {
  return {
    issuer: realm.issuer,
    store: realm.store,
    secrets: realm.secrets,
    clock: realm.clock,
    verifyAccessToken: (token) => verifyOwnToken(realm, token),
    verifyAssertion: (token: string, client: Client) => verifyAssertion(realm, token, client),
    revokeToken: async (jti, expiresAt) => {
      await realm.store.insertIfAbsent({ realm: realm.issuer, kind: 'revoked', id: jti, value: {}, expiresAt })
    },
    polledTooSoon: (deviceId) => realm.polls.tooSoon(deviceId),
    endFamily: async (familyId, why) => {
      const family = await realm.store.consume<{ clientId: string; principal: { subject: string } }>({
        realm: realm.issuer,
        kind: 'family',
        id: familyId,
      })
      if (!family) return
      await realm.audit.write({
        time: Math.floor(realm.clock()),
        event: 'refresh_reuse',
        issuer: realm.issuer,
        client: family.value.clientId,
        subject: family.value.principal.subject,
        family: familyId,
        address,
        detail: why,
      })
    },
  }
}
