import type { Clock, KeySetOptions } from '@scitokens/core'
import type { HttpGet, Random, RedirectRule } from '@scitokens/core/internal'
import type { KeyCacheEvent } from '../record/events.ts'
import type { Policy } from '../record/policy.ts'

/** What refreshing keys needs to know; the options with their defaults, checked. */
export interface RefreshSettings extends RedirectRule {
  /** How long keys count, and how long failures are waited for. */
  readonly policy: Policy
  /** Tells the time, in seconds since the epoch. */
  readonly clock: Clock
  /** For the back-off's jitter. */
  readonly random: Random
  /** The way to issuers. */
  readonly get: HttpGet
  /** For everything from connecting to the last byte of one refresh, in milliseconds. */
  readonly timeoutMs: number
  /** Accept metadata whose `issuer` differs from the issuer by one trailing slash. */
  readonly tolerateTrailingSlash: boolean
  /** Limits of a key set. */
  readonly keySetOptions: KeySetOptions
  /** Tells listeners. Never throws. */
  readonly emit: (event: KeyCacheEvent) => void
}
