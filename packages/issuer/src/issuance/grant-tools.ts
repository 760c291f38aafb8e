import type { Client } from '../clients/client.ts'
import type { TokenRequest } from './token-request.ts'
import type { Realm } from '../realm/realm.ts'
import { verifyAssertion } from '../tokens/assertion.ts'
import { endStolenLogin } from '../logins/end-logins.ts'
import { verifyPresentedToken } from '../tokens/own-token.ts'
import type { GrantTools } from '../grants/grant.ts'

/** What grants see of a realm: all but its keys. */
export function grantTools(
  realm: Realm,
  { address, certificate }: Pick<TokenRequest, 'address' | 'certificate'>,
): GrantTools {
  return {
    issuer: realm.issuer,
    store: realm.store,
    secrets: realm.secrets,
    clock: realm.clock,
    verifyAccessToken: (token) => verifyPresentedToken(realm, token, certificate?.certificate),
    verifyAssertion: (token: string, client: Client) => verifyAssertion(realm, token, client),
    revokeToken: async (jti, expiresAt) => {
      await realm.store.insertIfAbsent({ realm: realm.issuer, kind: 'revoked', id: jti, value: {}, expiresAt })
    },
    polledTooSoon: (deviceId) => realm.polls.tooSoon(deviceId),
    endStolen: (login, why) => endStolenLogin(realm, login, { address, detail: why }),
  }
}
