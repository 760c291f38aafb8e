/**
 * What happened so far, by the names that scitokens-cpp's monitoring JSON has, so that its dashboards fit. A lookup is an
 * attempt at the network.
 */
export interface Counters {
  /** Lookups that brought keys. */
  successful_key_lookups: number
  /** Lookups that failed. */
  failed_key_lookups: number
  /** Time that failed lookups took, in seconds. */
  failed_key_lookup_time_s: number
  /** Keys found too old to be used. */
  expired_keys: number
  /** Failed lookups while usable keys were at hand. */
  failed_refreshes: number
  /** Answers with keys past their refresh time. */
  stale_key_uses: number
  /** Lookups behind the callers' backs that brought keys. */
  background_successful_refreshes: number
  /** Lookups behind the callers' backs that failed. */
  background_failed_refreshes: number
  /** Questions answered by a remembered failure or within the cooldown, without traffic. */
  negative_cache_hits: number
}

/** The sum over all issuers, and each. Issuers are those the cache was told to trust: nobody else chooses the names. */
export interface Monitoring extends Readonly<Counters> {
  /** The counters of each issuer, by its name. */
  readonly issuers: Readonly<Record<string, Readonly<Counters>>>
}

/** All zero. */
export function createCounters(): Counters {
  return {
    successful_key_lookups: 0,
    failed_key_lookups: 0,
    failed_key_lookup_time_s: 0,
    expired_keys: 0,
    failed_refreshes: 0,
    stale_key_uses: 0,
    background_successful_refreshes: 0,
    background_failed_refreshes: 0,
    negative_cache_hits: 0,
  }
}

/** Adds up issuers' counters. */
export function sumCounters(each: Iterable<Readonly<Counters>>): Counters {
  const total = createCounters()
  for (const counters of each) {
    for (const name of Object.keys(total) as (keyof Counters)[]) total[name] += counters[name]
  }
  return total
}
