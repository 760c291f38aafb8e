import type { Clock, KeySource, VerifyOptions } from '@scitokens/core'
import type { ClaimValidator } from './claim-validator.ts'
import type { SubjectMapping } from './subject-mapping.ts'
import type { Revocation } from './revocation.ts'
import type { VerdictCacheOptions } from './verdict-cache.ts'

/** What a site grants an issuer, and how it reads its tokens. */
export interface IssuerOptions {
  /** The part of the namespace to which the issuer's scopes are relative; several are alternatives. Default: `/`. */
  readonly basePath?: string | readonly string[]
  /** Within the base path, only these parts: scopes are cut down to them. Default: no restriction. */
  readonly restrictedPaths?: readonly string[]
  /** Authorizations this issuer may grant, by their names in scopes. Default: all. */
  readonly authorizations?: readonly string[]
  /** This server's names in this issuer's tokens, instead of the enforcer's `audience`. */
  readonly audience?: string | readonly string[]
  /** How subjects become local accounts. Default: not at all. */
  readonly mapping?: SubjectMapping
  /**
   * Claim that lists groups. Default: `wlcg.groups`; it counts in WLCG tokens, and in those of other profiles where this option,
   * `groups` or `mapping` says that the site uses groups.
   */
  readonly groupsClaim?: string
  /**
   * What members of a group may do where the token has no capability of its own: group to scopes, relative to the base path
   * (`{ '/cms/prod': ['read:/store', 'write:/store/prod'] }`). Capabilities win: WLCG profile 1.3 section 2.2.3. The groups of a
   * token chain count for nothing.
   */
  readonly groups?: Readonly<Record<string, readonly string[]>>
}

/** Options that decide whether a token's claims hold here and now. Names as in the conformance suite. */
export interface ValidationOptions {
  /** The names of this server; a match with one is enough. Required unless `audienceCheck` is `none`. Never `ANY`. */
  readonly audience?: string | readonly string[]
  /** `none`: any audience will do, said explicitly. */
  readonly audienceCheck?: 'none'
  /** `compat`: all of them; or a list. Default: `compat`. */
  readonly profiles?: 'compat' | readonly string[]
  /** Seconds of grace for `nbf` and `iat`, at most 300; never for `exp`. Default: 60. */
  readonly clockTolerance?: number
  /** The longest accepted time from `nbf` or `iat` (of a chain: the base's) to `exp`, in seconds. Default: unlimited. */
  readonly maxLifetime?: number
  /** Every claim that the profile's document requires must be there. Default: false. */
  readonly strict?: boolean
  /** Audience `ANY` counts in 1.0 tokens too. Default: false. */
  readonly acceptAnyInV1?: boolean
  /** `scp` (array, or string split at spaces) stands in for a missing `scope`. Default: false. */
  readonly acceptScp?: boolean
  /** `https://scitokens.org/v1/authz/read:/x` means `read:/x`. Default: false. */
  readonly acceptUriScopes?: boolean
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Options of an {@link Enforcer}. */
export interface EnforcerOptions extends ValidationOptions {
  /** The trusted issuers, byte for byte; a record gives each its part of the namespace. Several share none by accident: see `sharedBasePaths`. */
  readonly issuers: string | readonly string[] | Readonly<Record<string, IssuerOptions>>
  /** Where their keys come from: a `KeyCache`, or JWKS documents by issuer. */
  readonly keys: KeySource | Readonly<Record<string, unknown>>
  /** Accepted signature algorithms. Default: ES256 and RS256. */
  readonly algorithms?: readonly string[]
  /** Refuse every token without `kid`. Default: a SciToken needs none where exactly one key could fit. */
  readonly requireKid?: boolean
  /** Tolerate `=` after the coordinates of a JWK, where `keys` are documents. Default: false. */
  readonly acceptPaddedKeys?: boolean
  /** Longest token that is looked at, in characters. Default: 65 536. */
  readonly maxTokenLength?: number
  /** The base path of issuers that have none of their own. Default: `/`. */
  readonly basePath?: string
  /**
   * Base paths that several issuers may share (or lie within) on purpose: `['/']` lets all of a list of issuers speak for everything.
   * Default: none.
   */
  readonly sharedBasePaths?: readonly string[]
  /**
   * What `readIssuerMap` of `./node` read, whose result can be spread into these options. An enforcer always refuses, whatever it says:
   * it is for a server that has something to fall back on.
   */
  readonly onMissing?: 'passthrough' | 'allow' | 'deny'
  /** Refuse `..` in request paths. Default: it is resolved and cannot leave the root. */
  readonly rejectDotSegments?: boolean
  /** Names as scitokens-cpp translates them. Default: the profile's meaning only. */
  readonly scitokensCppCompat?: boolean
  /** Further judges of claims, by claim; they can only refuse. They are asked at every use of a token. */
  readonly validators?: Readonly<Record<string, ClaimValidator | readonly ClaimValidator[]>>
  /** Asked at every use of a token. */
  readonly revocation?: Revocation
  /** Tokens seen before are not verified again. `false` turns it off. Default: on, 10 000 tokens, 32 MiB. */
  readonly cache?: VerdictCacheOptions | false
  /** Accept the leaves of token chains, of this depth and size at most. Default: false. */
  readonly chains?: VerifyOptions['chains']
  /** Trust issuers at `http://` on this machine, for demonstrations and tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}
