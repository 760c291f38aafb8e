import type { ErrorCode } from '@scitokens/core'
import type { Monitoring } from './record/counters.ts'
import { type Age, ageOf } from './record/policy.ts'
import type { StoredIssuer } from './record/record.ts'

/** One issuer, for people and health pages. Times in seconds since the epoch. */
export interface IssuerStatus {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** How old its keys are. */
  readonly age: Age
  /** The keys' names; undefined for a key without. */
  readonly kids: readonly (string | undefined)[]
  /** Where its keys came from; undefined for keys that were given by hand. */
  readonly jwksUri: string | undefined
  /** When its keys were asked for; undefined without keys. */
  readonly fetchedAt: number | undefined
  /** Until when its keys are fresh. */
  readonly refreshAt: number | undefined
  /** Until when its keys can be used. */
  readonly expiresAt: number | undefined
  /** The last attempt, if it failed. */
  readonly trouble:
    | {
        readonly code: ErrorCode
        readonly message: string
        readonly failures: number
        readonly failedAt: number
        readonly retryAt: number
      }
    | undefined
}

/** The whole cache, for a health page. */
export interface KeyCacheStatus {
  /** Where keys are kept; `problem` says why the file does not serve, if it does not. */
  readonly store: { readonly location: string; readonly problem: string | undefined }
  /** The issuers that are trusted here. */
  readonly issuers: readonly IssuerStatus[]
  /** What happened since the start of this process. */
  readonly monitoring: Monitoring
}

/** Describes what is known of an issuer. */
export function describeStored({ issuer, keys, trouble }: StoredIssuer, now: number): IssuerStatus {
  return {
    issuer,
    age: ageOf(keys, now),
    kids: keys?.jwks.keys.map(({ kid }) => kid) ?? [],
    jwksUri: keys?.jwksUri,
    fetchedAt: keys?.fetchedAt,
    refreshAt: keys?.refreshAt,
    expiresAt: keys?.expiresAt,
    trouble,
  }
}
