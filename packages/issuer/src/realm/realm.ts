import type { Algorithm, KeySource } from '@scitokens/core'
import type { AuditSink } from '../audit/audit.ts'
import type { Client } from '../clients/client.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ClientCertificateUse, ClientDefaults } from '../clients/read-client.ts'
import type { RegisteredClient, RegistrationOptions } from '../clients/registration.ts'
import type { Grant } from '../grants/grant.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Attempts } from '../limits/attempts.ts'
import type { PollPace } from '../limits/poll-pace.ts'
import type { Upstream } from '../people/upstream.ts'
import type { Policy } from '../policy/policy.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Store } from '../store/store.ts'
import type { Clock, Logger } from '../log/logger.ts'
import type { X509Authenticator } from '../x509/authenticator.ts'
import type { UserLimit } from '../limits/user-limit.ts'

/** Durations and limits of an issuer, checked. In seconds unless named otherwise. */
export interface RealmTimes {
  readonly backdate: number
  readonly maxLifetime: number
  readonly codeSeconds: number
  readonly deviceCodeSeconds: number
  readonly deviceIntervalSeconds: number
  readonly idTokenSeconds: number
  readonly sessionSeconds: number
  readonly loginSeconds: number
  readonly pageSeconds: number
  readonly wrongCodeSeconds: number
  readonly metadataMaxAgeSeconds: number
  readonly jwksMaxAgeSeconds: number
}

/** Places of an issuer, absolute URLs. */
export interface Endpoints {
  readonly token: string
  readonly authorization: string
  readonly device: string
  readonly deviceVerification: string
  readonly jwks: string
  readonly revocation: string
  readonly introspection: string
  readonly registration: string
  readonly userinfo: string
  /** The page where people see what they granted. */
  readonly applications: string
}

/** How clients register themselves, checked. */
export interface Registration {
  readonly options: RegistrationOptions
  readonly attempts: Attempts
  /** Whether this is an initial access token. */
  accepts(token: string | undefined): boolean
  /** What a stored registration means. Throws `config_error`. */
  read(registered: RegisteredClient): Client
}

/** One issuer (one VO): its own keys, clients and policy. Several may share a process and a store. */
export interface Realm {
  readonly issuer: string
  readonly endpoints: Endpoints
  readonly clients: ClientRegistry
  /** This and what else is not `readonly` follows the configuration while the issuer runs. */
  policy: Policy
  defaults: ClientDefaults
  readonly keys: KeyRing
  readonly grants: ReadonlyMap<string, Grant>
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly audit: AuditSink
  readonly logger: Logger
  readonly times: RealmTimes
  readonly polls: PollPace
  /** Wrong user codes, by person. */
  readonly codeAttempts: Attempts
  readonly algorithms: readonly Algorithm[]
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
  readonly x509: X509Authenticator | undefined
  /** Undefined: TLS asks for none. */
  readonly clientCertificates: ClientCertificateUse | undefined
  /** How many tokens one person gets; undefined: as many as are asked for. */
  userLimit: UserLimit | undefined
  /** Keys of other issuers, for assertions whose client has none configured. */
  readonly foreignKeys: KeySource | undefined
}
