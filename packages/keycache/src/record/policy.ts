import { ConfigError } from '@scitokens/core'
import { backOff, isWaiting, number, type OptionReaders, type Random } from '@scitokens/core/internal'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'

/** How long keys count and how often an issuer is asked. Everything in seconds. */
export interface Policy {
  /** Fresh for this long, unless HTTP headers say otherwise. Default: 3600 (1 h). */
  readonly refreshAfter: number
  /** What HTTP headers may shorten it to. Default: 600 (10 min). */
  readonly minRefresh: number
  /** What HTTP headers may extend it to. Default: 21 600 (6 h). */
  readonly maxRefresh: number
  /**
   * Usable for this long after the last successful contact. A key that an issuer withdraws while it cannot be reached is
   * trusted until then. Default: 345 600 (4 days).
   */
  readonly usableFor: number
  /** After a successful contact no `kid`, however unknown, causes another for this long. Default: 30. */
  readonly cooldown: number
  /** Wait after the first failure; doubles with each. Default: 1. */
  readonly minBackoff: number
  /** Longest wait after a failure. Default: 300. */
  readonly maxBackoff: number
}

/** Options that make a {@link Policy}. Everything in seconds. */
export interface PolicyOptions extends Partial<Policy> {
  /** Keys are kept at least this long: raises `usableFor`. The ini file's `cache_lifetime`. Default: 0. */
  readonly cacheLifetime?: number
}

const inSeconds = number(0, Number.MAX_SAFE_INTEGER, 'seconds')

/** How the options of {@link PolicyOptions} are read. */
export const POLICY_READERS: OptionReaders<PolicyOptions> = {
  refreshAfter: inSeconds,
  minRefresh: inSeconds,
  maxRefresh: inSeconds,
  usableFor: inSeconds,
  cooldown: inSeconds,
  minBackoff: inSeconds,
  maxBackoff: inSeconds,
  cacheLifetime: inSeconds,
}

/** Fills in the defaults. Throws `config_error` for numbers that make no sense together. */
export function createPolicy(options: PolicyOptions = {}): Policy {
  const { refreshAfter = 3600, cooldown = 30, minBackoff = 1, maxBackoff = 300, cacheLifetime = 0 } = options
  const { minRefresh = Math.min(600, refreshAfter), maxRefresh = Math.max(21_600, refreshAfter) } = options
  const usableFor = Math.max(options.usableFor ?? 345_600, cacheLifetime)
  const policy = { refreshAfter, minRefresh, maxRefresh, usableFor, cooldown, minBackoff, maxBackoff }
  for (const [name, value] of Object.entries({ ...policy, cacheLifetime })) {
    if (!Number.isFinite(value) || value < 0)
      throw new ConfigError('config_error', `${name} must be a number of seconds, not ${value}`)
  }
  if (minRefresh > refreshAfter || refreshAfter > maxRefresh) {
    throw new ConfigError(
      'config_error',
      `minRefresh <= refreshAfter <= maxRefresh does not hold: ${minRefresh}, ${refreshAfter}, ${maxRefresh}`,
    )
  }
  if (minBackoff <= 0 || minBackoff > maxBackoff) {
    throw new ConfigError('config_error', `0 < minBackoff <= maxBackoff does not hold: ${minBackoff}, ${maxBackoff}`)
  }
  return policy
}

/**
 * The three ages, and `none` for no keys. `fresh`: serve without traffic. `stale`: serve at once and refresh in the
 * background. `expired`: fetch or fail.
 */
export type Age = 'none' | 'fresh' | 'stale' | 'expired'

/** How far two machines' clocks may differ, in seconds. */
const CLOCK_SKEW = 60

/**
 * The age of a record. One that was fetched in the future is stale at best. One from further ahead than clocks differ was fetched while a
 * clock was wrong: how old it is can never be known, so it counts as expired. Otherwise it would be usable for as long as the clock was wrong.
 */
export function ageOf(record: Pick<KeyRecord, 'fetchedAt' | 'refreshAt' | 'expiresAt'> | undefined, now: number): Age {
  if (record === undefined) return 'none'
  // Asked for what must hold, so that a time that is no number holds nothing.
  if (!(now < record.expiresAt && record.fetchedAt <= now + CLOCK_SKEW)) return 'expired'
  return now < record.refreshAt && record.fetchedAt <= now ? 'fresh' : 'stale'
}

/**
 * The ages of a successful answer.
 *
 * @param freshness - seconds that the HTTP headers grant; `undefined` when they say nothing.
 */
export function agesFrom(
  fetchedAt: number,
  freshness: number | undefined,
  policy: Policy,
): Pick<KeyRecord, 'refreshAt' | 'expiresAt'> {
  const wanted = freshness ?? policy.refreshAfter
  const fresh = Math.min(Math.max(wanted, policy.minRefresh), policy.maxRefresh, policy.usableFor)
  return { refreshAt: fetchedAt + fresh, expiresAt: fetchedAt + policy.usableFor }
}

/** A record from a file, held to this process's policy: a file cannot make keys live longer than this process would. */
export function clampAges(record: KeyRecord, policy: Policy): KeyRecord {
  return {
    ...record,
    refreshAt: Math.min(record.refreshAt, record.fetchedAt + policy.maxRefresh),
    expiresAt: Math.min(record.expiresAt, record.fetchedAt + policy.usableFor),
  }
}

/** Seconds for which an issuer is left alone after so many failures in a row; what it asks for itself (`Retry-After`) is honoured up to the cap. */
export function waitAfter(failures: number, policy: Policy, random: Random, asked: number | undefined): number {
  return backOff(failures, { first: policy.minBackoff, longest: policy.maxBackoff }, random, asked)
}

/** Whether an attempt must wait. A time too far ahead to be ours (the clock was set back) does not count. */
export function backingOff(trouble: Trouble | undefined, now: number, policy: Policy): trouble is Trouble {
  return trouble !== undefined && isWaiting(trouble.retryAt, now, policy.maxBackoff)
}

/** Why somebody wants to fetch: the keys' age, an unknown `kid`, or a person's word, which no back-off stops. */
export type Purpose = 'due' | 'unknown_kid' | 'asked'

/** Answer to the wish to fetch. Only `go` may cause traffic. */
export type Verdict = 'go' | 'fresh' | 'cooldown' | 'backing_off' | 'leased'

/** Everything a store needs to judge, atomically with writing the lease down. */
export interface LeaseRequest {
  /** Why somebody wants to fetch. */
  readonly purpose: Purpose
  /** The time, in seconds since the epoch. */
  readonly now: number
  /** Seconds that one attempt may take. */
  readonly leaseFor: number
  /** How long keys count, and how long failures are waited for. */
  readonly policy: Policy
  /** The stored keys turned out to be damaged: judge as if there were none. */
  readonly ignoreKeys?: boolean
}

/** The one place that decides whether an issuer is contacted. */
export function judgeLease(stored: StoredIssuer, request: LeaseRequest): Verdict {
  const { purpose, now, policy } = request
  if (purpose === 'asked') return 'go'
  const keys = stored.keys && !request.ignoreKeys ? clampAges(stored.keys, policy) : undefined
  if (purpose === 'due' && ageOf(keys, now) === 'fresh') return 'fresh'
  if (backingOff(stored.trouble, now, policy)) return 'backing_off'
  if (purpose === 'unknown_kid' && !stored.trouble && contactedWithin(policy.cooldown, keys, now)) return 'cooldown'
  return leaseHolds(stored, request) ? 'leased' : 'go'
}

function contactedWithin(seconds: number, keys: KeyRecord | undefined, now: number): boolean {
  return keys !== undefined && keys.fetchedAt <= now && now - keys.fetchedAt < seconds
}

/** A lease that runs longer than any lease may was written by another clock. */
function leaseHolds(stored: StoredIssuer, { now, leaseFor }: LeaseRequest): boolean {
  return now < stored.leasedUntil && stored.leasedUntil - now <= leaseFor
}
