import type { AuthenticationTools } from '../client-auth/authenticate.ts'
import type { Realm } from '../realm/realm.ts'
import type { TokenRequest } from './token-request.ts'

/** What client authentication needs of a realm, at every endpoint where clients say who they are. */
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

/**
 * As {@link authenticationTools}, for the token endpoint. Certificates without a client are for tokens alone: all of them are one client,
 * which must not revoke another's.
 */
export function tokenAuthenticationTools(realm: Realm, { shown }: TokenRequest): AuthenticationTools {
  const { x509 } = realm
  const tools = authenticationTools(realm)
  return x509 && shown ? { ...tools, authenticateCertificate: () => x509.authenticate(shown) } : tools
}
