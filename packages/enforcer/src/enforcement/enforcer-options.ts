import type { ChainLimits, KeySource, VerifyOptions } from '@scitokens/core'
import {
  anything,
  callable,
  choice,
  flag,
  listOf,
  nested,
  oneOrMore,
  type OptionReaders,
  readOptions,
  recordOf,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import type { ClaimValidator } from '../validation/claim-validator.ts'
import { ISSUER_READERS, type IssuerOptions } from '../issuers/issuer-options.ts'
import { readRevocation, type Revocation } from '../validation/revocation.ts'
import { VALIDATION_READERS, type ValidationOptions } from '../validation/validation-options.ts'
import { CACHE_READERS, type VerdictCacheOptions } from '../verdicts/verdict-cache.ts'

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

const CHAIN_READERS: OptionReaders<ChainLimits> = {
  maxDepth: whole(1, Number.MAX_SAFE_INTEGER, 'links'),
  maxLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
}

/** How the options of {@link EnforcerOptions} are read. */
export const ENFORCER_READERS: OptionReaders<EnforcerOptions> = {
  ...VALIDATION_READERS,
  issuers: readIssuers,
  keys: readKeys,
  algorithms: listOf(text),
  requireKid: flag,
  acceptPaddedKeys: flag,
  maxTokenLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
  basePath: text,
  sharedBasePaths: listOf(text, { empty: true }),
  onMissing: choice('passthrough', 'allow', 'deny'),
  rejectDotSegments: flag,
  scitokensCppCompat: flag,
  validators: recordOf(oneOrMore(callable<ClaimValidator>())),
  revocation: readRevocation,
  cache: (value, name) => (value === false ? value : readOptions(value, CACHE_READERS, name)),
  chains: (value, name) => (typeof value === 'boolean' ? value : readOptions(value, CHAIN_READERS, name)),
  dangerouslyAllowLoopbackHttp: flag,
}

function readIssuers(value: unknown, name: string): EnforcerOptions['issuers'] {
  if (typeof value === 'string' || Array.isArray(value)) return oneOrMore(text)(value, name)
  return recordOf(nested<IssuerOptions>(ISSUER_READERS))(value, name)
}

/** A key source is used as it is; documents by issuer are judged where they are read. */
function readKeys(value: unknown, name: string): EnforcerOptions['keys'] {
  if (typeof value !== 'object' || value === null) throw wrong(name, 'a key source, or JWKS documents by issuer', value)
  return 'getKeySet' in value ? value : recordOf(anything)(value, name)
}
