import { type Clock, ConfigError, systemClock } from '@scitokens/core'
import {
  callable,
  choice,
  flag,
  isSecureUrl,
  listOf,
  number,
  type OptionReaders,
  quote,
  type Random,
  readOptions,
  readUrl,
  text,
  whole,
} from '@scitokens/core/internal'
import type { KeyCacheEvent } from './record/events.ts'
import { httpFrom, NETWORK_READERS, type NetworkOptions } from './network-options.ts'
import { createPolicy, POLICY_READERS, type PolicyOptions } from './record/policy.ts'
import type { RefreshSettings } from './refresh/settings.ts'
import { STORE_READERS, type StoreOptions } from './store/store-options.ts'

/** Options of `KeyCache`. Only `issuers` is mandatory. */
export interface KeyCacheOptions extends PolicyOptions, StoreOptions, NetworkOptions {
  /** Trusted issuers, as they stand in the tokens' `iss`. Nobody else is ever contacted. More by `add`. */
  readonly issuers: readonly string[]
  /**
   * What to do with keys past their refresh time: hand them out and refresh behind the caller's back, or (`wait`, for short-lived
   * processes, which would never get to it) refresh first and hand them out only if that fails. Default: `background`.
   */
  readonly staleRefresh?: 'background' | 'wait'
  /** Call `updateAll` this often, in seconds, so that even issuers nobody asks for stay fresh. Default: never. */
  readonly updateEvery?: number

  /** Accept metadata whose `issuer` differs from the issuer by one trailing slash. Default: false. */
  readonly tolerateTrailingSlash?: boolean
  /**
   * Accept `http://` for a loopback host, for demonstrations and tests. Whoever can listen there can then issue tokens.
   * Default: false.
   */
  readonly dangerouslyAllowLoopbackHttp?: boolean
  /** Entries of a key set; one with more is refused. Default: 100. */
  readonly maxKeys?: number
  /** Tolerate `=` after the members of keys, as the Python library's key tool writes them. Default: false. */
  readonly acceptPaddedKeys?: boolean

  /** Tells the time, in seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
  /** Draws numbers from 0 to 1, for the back-off's jitter. Default: `Math.random`. */
  readonly random?: Random
  /** Called for everything an operator may want to know. What it throws is ignored. */
  readonly onEvent?: (event: KeyCacheEvent) => void
}

const KEY_CACHE_READERS: OptionReaders<KeyCacheOptions> = {
  ...POLICY_READERS,
  ...STORE_READERS,
  ...NETWORK_READERS,
  issuers: listOf(text, { empty: true }),
  staleRefresh: choice('background', 'wait'),
  // setInterval counts milliseconds in 31 bits.
  updateEvery: number(1, 2_000_000, 'seconds'),
  tolerateTrailingSlash: flag,
  dangerouslyAllowLoopbackHttp: flag,
  maxKeys: whole(1, 1000, 'keys'),
  acceptPaddedKeys: flag,
  clock: callable<Clock>(),
  random: callable<Random>(),
  onEvent: callable<NonNullable<KeyCacheOptions['onEvent']>>(),
}

/** Options with their defaults, checked. */
export interface Settings extends RefreshSettings {
  /** Whether keys past their refresh time are refreshed before they are handed out. */
  readonly waitForStale: boolean
  /** Seconds between two rounds of `updateAll`; undefined for none. */
  readonly updateEvery: number | undefined
}

/** Reads the options: a copy, so that what the caller changes afterwards has no effect. Throws `config_error`. */
export function readKeyCacheOptions(given: KeyCacheOptions): KeyCacheOptions {
  const options = readOptions<KeyCacheOptions>(given, KEY_CACHE_READERS)
  if (options.issuers !== undefined) return options
  throw new ConfigError('config_error', 'issuers must be a list: there is no way to trust everybody')
}

/** Fills in the defaults; nothing is opened or contacted. Throws `config_error` for what does not go together. */
export function readSettings(options: KeyCacheOptions): Settings {
  const { timeoutMs = 10_000, maxRedirects = 3, updateEvery, maxKeys = 100, staleRefresh = 'background' } = options
  const dangerouslyAllowLoopbackHttp = options.dangerouslyAllowLoopbackHttp ?? false
  return {
    policy: createPolicy(options),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    get: httpFrom(options, dangerouslyAllowLoopbackHttp),
    timeoutMs,
    maxRedirects,
    redirectOrigins: checkOrigins(options.redirectOrigins ?? [], dangerouslyAllowLoopbackHttp),
    tolerateTrailingSlash: options.tolerateTrailingSlash ?? false,
    dangerouslyAllowLoopbackHttp,
    keySetOptions: { maxKeys, acceptPaddedKeys: options.acceptPaddedKeys ?? false },
    waitForStale: staleRefresh === 'wait',
    updateEvery,
    emit: (event) => {
      try {
        options.onEvent?.(event)
      } catch {
        // A listener's trouble is not the issuer's.
      }
    },
  }
}

function checkOrigins(origins: readonly string[], allowLoopbackHttp: boolean): readonly string[] {
  for (const origin of origins) {
    const url = readUrl(origin)
    if (url === undefined || url.origin !== origin)
      throw new ConfigError('config_error', `${quote(origin)} in redirectOrigins is no origin`)
    if (isSecureUrl(url, allowLoopbackHttp)) continue
    throw new ConfigError('insecure_url', `${quote(origin)} in redirectOrigins is not https`)
  }
  return origins
}
