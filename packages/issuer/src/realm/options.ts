import type { KeySource, Clock } from '@scitokens/core'
import type { AuditSink } from '../audit/audit.ts'
import type { RefreshPolicy } from '../clients/client.ts'
import type { ClientOptions } from '../clients/client-options.ts'
import type { ClientCertificateUse } from '../clients/auth-method.ts'
import type { RegistrationOptions } from '../clients/registration.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { KeyScheduleOptions } from '../keys/key-schedule.ts'
import type { Upstream } from '../people/upstream.ts'
import type { PolicyOptions } from '../policy/policy.ts'
import type { MasterKeyOptions } from '../secrets/master-key.ts'
import type { StorageOptions } from '../store/storages.ts'
import type { Logger } from '@scitokens/core/internal'
import type { X509Options } from '../certificates/options.ts'

/** One issuer (one VO). */
export interface RealmOptions {
  /** Its URL, exactly as it will stand in tokens. `https`, but for {@link IssuerOptions.dangerouslyAllowLoopbackHttp}. */
  readonly issuer: string
  /** Its clients. Others may lie in the store, or register themselves. Default: none. */
  readonly clients?: readonly ClientOptions[]
  /** Who may have which capabilities. Default: what each client's own `scopes` say. */
  readonly policy?: PolicyOptions
  /** `ver` scitoken:2.0 or a WLCG token, where a client says nothing. Default: `scitoken:2.0`. */
  readonly profile?: 'scitoken:2.0' | 'wlcg:1.x'
  /** `wlcg.ver` of WLCG tokens. Default: `1.0`, the only one that verifiers in the field accept. */
  readonly wlcgVersion?: string
  /** The first is the default. Default: ES256, and RS256 where a client names it. */
  readonly algorithms?: readonly ('ES256' | 'RS256')[]
  /** Of access tokens, in seconds. Default: 3600. */
  readonly lifetime?: number
  /** Longest that any client can be given, in seconds. Default: 21 600 (WLCG profile 1.3). */
  readonly maxLifetime?: number
  /** Seconds by which `iat` and `nbf` lie in the past: verifiers in the field have no tolerance. Default: 60. */
  readonly backdate?: number
  /** Default: rotate, grace 300 s, 30 days idle, no end. */
  readonly refresh?: Partial<RefreshPolicy>
  /** Default: 60 seconds. */
  readonly codeSeconds?: number
  /** Default: 900 seconds. */
  readonly deviceCodeSeconds?: number
  /** Between two polls of a device. Default: 5 seconds. */
  readonly deviceIntervalSeconds?: number
  /** Of ID tokens. Default: 3600 seconds. */
  readonly idTokenSeconds?: number
  /** Of a person's login with this issuer. Default: 28 800 seconds. */
  readonly sessionSeconds?: number
  /** How long a login with the upstream may take. Default: 900 seconds. */
  readonly loginSeconds?: number
  /** How long a page with a form (consent, device, applications) may lie open. Default: 600 seconds. */
  readonly pageSeconds?: number
  /** How many wrong user codes a person may type within `wrongCodeSeconds`. Default: 10. */
  readonly wrongCodes?: number
  /** Default: 300 seconds. */
  readonly wrongCodeSeconds?: number
  /** How people log in. Default: not at all; then there is no authorization and no device endpoint. */
  readonly login?: Upstream
  /** Clients may register themselves (RFC 7591). Default: they may not. */
  readonly registration?: RegistrationOptions
  /** Clients that have a certificate of the grid and nothing else. Default: there are none. */
  readonly x509?: X509Options
  /** How long signing keys live. Default: they sign for 180 days, published 2 days ahead and 4 days after. */
  readonly keys?: KeyScheduleOptions
  /** Where private keys live. Default: in the store, encrypted with the master key. */
  readonly keyProvider?: KeyProvider
  /** `Cache-Control` of metadata and JWKS. Defaults: 3600 seconds each; of the JWKS never more than keys are published ahead. */
  readonly metadataMaxAgeSeconds?: number
  /** `Cache-Control` of the JWKS. Default: 3600 seconds, never more than keys are published ahead. */
  readonly jwksMaxAgeSeconds?: number
  /** Serve an OpenAPI description at `openapi.json` below the issuer. Default: true. */
  readonly openapi?: boolean
  /** Told in the metadata. Default: what clients and policy name without placeholders. */
  readonly scopesSupported?: readonly string[]
}

/** Options of {@link openIssuer}: one issuer directly, or several as `realms`. */
export interface IssuerOptions extends Partial<RealmOptions> {
  /** Several issuers that share process, store and master key, instead of one directly. */
  readonly realms?: readonly RealmOptions[]
  /** Where clients, logins and keys are kept. */
  readonly storage: StorageOptions
  /** Default: `FILE.key` beside the SQLite file, made with mode 0600; a random one for memory. PostgreSQL needs one. */
  readonly masterKey?: MasterKeyOptions
  /** Where audit lines go. Default: to the logger. */
  readonly audit?: AuditSink
  /** Where the issuer says what went wrong. Default: nowhere. */
  readonly logger?: Logger
  /** The time, in seconds since the epoch. Default: the system's. */
  readonly clock?: Clock
  /** Keys of other issuers, for assertions (RFC 7523). Default: a `KeyCache` in memory for those whose `jwks` is not configured. */
  readonly foreignKeys?: KeySource
  /**
   * What the TLS of the server that this issuer is part of does with client certificates (RFC 8705): `asked`: it asks for them, so that
   * clients can be known by `sha256`; `verified`: authorities vouch for them too, so that clients can be known by `subject`. Default:
   * it does not ask; then no client can have `certificates`, and the metadata promise nothing.
   */
  readonly clientCertificates?: ClientCertificateUse
  /** Accept `http://` on a loopback host as the issuer: for demonstrations and tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
  /** How often keys are looked at and expired entries removed. Default: 10 000. */
  readonly maintenanceIntervalMs?: number
  /** Largest request body in bytes. Default: 65 536. */
  readonly maxBodyBytes?: number
  /** Take forms as `multipart/form-data` too, as a credential monitor of the field sends them. Default: false. */
  readonly acceptMultipart?: boolean
}
