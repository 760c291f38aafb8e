import type { Algorithm, ProfileName } from '@scitokens/core'
import type { AudiencePolicy } from '../policy/audience.ts'
import type { ScopeTemplate } from '../policy/template.ts'
import type { ClientAuthMethod } from './auth-method.ts'
import type { GrantType } from './grant-type.ts'

/** A certificate by which a client is known. RFC 8705 section 2. One of the two. */
export interface ClientCertificate {
  /** SHA-256 of the DER form, hex with or without colons, or base64url: a certificate known by itself. */
  readonly sha256?: string
  /** RFC 4514 subject such as `CN=robot,O=VO`: a certificate of a trusted authority. */
  readonly subject?: string
}

/** How refresh tokens of a client behave. Every duration in seconds. */
export interface RefreshPolicy {
  /** A new token with each use. */
  readonly rotate: boolean
  /** How long a used token still gets the same successor. */
  readonly graceSeconds: number
  /** Unused for so long, or up to a hundredth longer, a token dies. */
  readonly lifetimeSeconds: number
  /** However often refreshed, a family ends then; undefined: never. */
  readonly maxSeconds: number | undefined
}

/** What a client may do with tokens of others. RFC 8693. */
export interface ExchangePolicy {
  /** Clients whose tokens it may exchange; `*` for all. Its own always. */
  readonly from: readonly string[]
  /** Audiences beyond the subject token's. */
  readonly widenAudience: boolean
  /** May ask for a refresh token, which outlives the subject token: by the scope `offline_access`, or by its type. */
  readonly refresh: boolean
}

/** Whose assertions a client may turn into tokens. RFC 7523. */
export interface AssertionPolicy {
  /** The issuer of the assertions, as it stands in their `iss`. */
  readonly issuer: string
  /** JWKS document of that issuer. Default: its published keys, found by discovery. */
  readonly jwks?: unknown
  /** Subjects that may be named. Default: all. */
  readonly subjects?: readonly string[]
}

/** A checked client. */
export interface Client {
  readonly clientId: string
  readonly name: string
  readonly methods: ReadonlySet<ClientAuthMethod>
  /** Keyed hashes; several while a secret is being changed. */
  readonly secretHashes: readonly string[]
  readonly jwks: unknown
  readonly certificates: readonly ClientCertificate[]
  readonly grants: ReadonlySet<GrantType>
  readonly redirectUris: readonly string[]
  readonly requirePkce: boolean
  readonly ceiling: readonly ScopeTemplate[] | undefined
  readonly defaults: readonly ScopeTemplate[] | undefined
  readonly audience: AudiencePolicy
  /** `sub` when the client acts for itself. */
  readonly subject: string
  readonly groups: readonly string[]
  /** Of access tokens, in seconds. */
  readonly lifetime: number
  readonly profile: ProfileName
  /** The client may choose the profile per request (`wlcg`). */
  readonly profileByRequest: boolean
  readonly algorithm: Algorithm
  readonly refresh: RefreshPolicy
  readonly exchange: ExchangePolicy
  readonly assertions: readonly AssertionPolicy[]
  /** May ask for the base of a token chain. */
  readonly chains: boolean
  /** `scopes` is read like `scope` (legacy clients). */
  readonly acceptScopesAlias: boolean
  /** Consent is not asked for: the operator gave it. */
  readonly skipConsent: boolean
  /** Registered itself, and no operator has changed anything since: nobody has checked who it is. */
  readonly selfRegistered: boolean
}
