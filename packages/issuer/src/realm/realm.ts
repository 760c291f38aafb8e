import type { Algorithm, KeySource } from '@scitokens/core'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ClientDefaults } from '../clients/read-client.ts'
import type { ClientCertificateUse } from '../clients/auth-method.ts'
import type { Registration } from '../clients/open-registration.ts'
import type { RealmContext } from '../context/realm-context.ts'
import type { Grant } from '../grants/grant.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Attempts } from '../limits/attempts.ts'
import type { PollPace } from '../limits/poll-pace.ts'
import type { Upstream } from '../people/upstream.ts'
import type { Policy } from '../policy/policy.ts'
import type { CertificateAuthenticator } from '../certificates/authenticator.ts'
import type { UserLimit } from '../limits/user-limit.ts'

/** One issuer (one VO): its own keys, clients and policy. Several may share a process and a store. */
export interface Realm extends RealmContext {
  /** Its clients, configured and stored. */
  readonly clients: ClientRegistry
  /** This and what else is not `readonly` follows the configuration while the issuer runs. */
  policy: Policy
  /** What clients get that say nothing. */
  defaults: ClientDefaults
  /** Its signing keys. */
  readonly keys: KeyRing
  /** The grants that it has, by `grant_type`. */
  readonly grants: ReadonlyMap<string, Grant>
  /** How often each device asks. */
  readonly polls: PollPace
  /** Wrong user codes, by person. */
  readonly codeAttempts: Attempts
  /** Algorithms of access tokens; the first is the default. */
  readonly algorithms: readonly Algorithm[]
  /** `wlcg.ver` of WLCG tokens. */
  readonly wlcgVersion: string
  /** Whether the OpenAPI description is served. */
  readonly openapi: boolean
  /** Told in the metadata; oidc-agent's `max` asks for all of them. */
  scopesSupported: readonly string[]
  /** How people log in; without it the authorization and device endpoints do not exist. */
  readonly upstream: Upstream | undefined
  /** Set where clients may register themselves. */
  registration: Registration | undefined
  /** Clients that have a certificate of the grid and nothing else; undefined: there are none. */
  readonly x509: CertificateAuthenticator | undefined
  /** Undefined: TLS asks for none. */
  readonly clientCertificates: ClientCertificateUse | undefined
  /** How many tokens one person gets; undefined: as many as are asked for. */
  userLimit: UserLimit | undefined
  /** Keys of other issuers, for assertions whose client has none configured. */
  readonly foreignKeys: KeySource | undefined
}
