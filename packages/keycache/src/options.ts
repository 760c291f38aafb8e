import type { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { type Clock, ConfigError, systemClock } from '@scitokens/core'
import { type CertificateAuthorities, TrustStore } from './ca.ts'
import type { KeyCacheEvent } from './events.ts'
import { createHttpGet, type HttpGet } from './fetcher.ts'
import { CACHE_FILE, defaultCacheDirectory } from './location.ts'
import { MemoryStore } from './memory-store.ts'
import { createPolicy, type Policy, type PolicyOptions } from './policy.ts'
import { SafeStore, type StoreHealth } from './safe-store.ts'
import { SqliteStore } from './sqlite-store.ts'
import type { KeyStore } from './store.ts'

/** Options of `KeyCache`. Only `issuers` is mandatory. */
export interface KeyCacheOptions extends PolicyOptions {
  /** Trusted issuers, as they stand in the tokens' `iss`. Nobody else is ever contacted. More by `add`. */
  readonly issuers: readonly string[]

  /** Where keys are kept: `memory`, or a store of your own. Default: a file, see `cacheDir`. */
  readonly store?: 'memory' | KeyStore
  /** Directory of the cache file. Default: `.cache/scitokens` in the user's home directory. */
  readonly cacheDir?: string
  /**
   * What to do with keys past their refresh time: hand them out and refresh behind the caller's back, or (`wait`, for short-lived
   * processes, which would never get to it) refresh first and hand them out only if that fails. Default: `background`.
   */
  readonly staleRefresh?: 'background' | 'wait'

  /** For everything from connecting to the last byte of one refresh, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number
  /** Redirects followed per document, all on HTTPS. Default: 3. */
  readonly maxRedirects?: number
  /** Certificate authorities trusted besides the system's: PEM text, files, or a hashed directory. */
  readonly ca?: CertificateAuthorities
  /** For client certificates, connection limits and the like. Not together with `proxy`. */
  readonly agent?: Agent
  /** URL of an HTTP proxy. Not together with `agent`. */
  readonly proxy?: string
  /** In place of `dns.lookup`. */
  readonly lookup?: LookupFunction
  /** Default: `scitokens-js`. */
  readonly userAgent?: string
  /** In place of `node:https`; `ca`, `agent`, `proxy`, `lookup`, `userAgent` and `refuseSpecialAddresses` then do nothing. */
  readonly http?: HttpGet

  /** Accept metadata whose `issuer` differs from the issuer by one trailing slash. Default: false. */
  readonly tolerateTrailingSlash?: boolean
  /** Refuse issuers that turn out to be at loopback, private or otherwise not public addresses. Default: false. */
  readonly refuseSpecialAddresses?: boolean
  /**
   * Accept `http://` for a loopback host, for demonstrations and tests. Whoever can listen there can then issue tokens.
   * Default: false.
   */
  readonly dangerouslyAllowLoopbackHttp?: boolean

  /** Default: the machine's. */
  readonly clock?: Clock
  /** In [0, 1), for the back-off's jitter. Default: `Math.random`. */
  readonly random?: () => number
  /** Called for everything an operator may want to know. What it throws is ignored. */
  readonly onEvent?: (event: KeyCacheEvent) => void
  /** Called once when the cache file cannot be used. Default: `process.emitWarning`. */
  readonly warn?: (message: string) => void
}

/** Options with their defaults, checked. */
export interface Settings {
  readonly policy: Policy
  readonly clock: Clock
  readonly random: () => number
  readonly get: HttpGet
  readonly timeoutMs: number
  readonly maxRedirects: number
  readonly tolerateTrailingSlash: boolean
  readonly dangerouslyAllowLoopbackHttp: boolean
  readonly waitForStale: boolean
  readonly emit: (event: KeyCacheEvent) => void
}

/** Checks the options; nothing is opened or contacted. Throws `config_error`. */
export function readSettings(options: KeyCacheOptions): Settings {
  const { timeoutMs = 10_000, maxRedirects = 3 } = options
  if (!(timeoutMs > 0 && timeoutMs <= 300_000))
    throw new ConfigError(`timeoutMs must be between 1 and 300000, not ${timeoutMs}`)
  if (!(Number.isInteger(maxRedirects) && maxRedirects >= 0 && maxRedirects <= 10)) {
    throw new ConfigError(`maxRedirects must be between 0 and 10, not ${maxRedirects}`)
  }
  return {
    policy: createPolicy(options),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    get: options.http ?? httpFrom(options),
    timeoutMs,
    maxRedirects,
    tolerateTrailingSlash: options.tolerateTrailingSlash ?? false,
    dangerouslyAllowLoopbackHttp: options.dangerouslyAllowLoopbackHttp ?? false,
    waitForStale: options.staleRefresh === 'wait',
    emit: (event) => {
      try {
        options.onEvent?.(event)
      } catch {
        // A listener's trouble is not the issuer's.
      }
    },
  }
}

function httpFrom(options: KeyCacheOptions): HttpGet {
  return createHttpGet({
    trust: new TrustStore(options.ca),
    agent: options.agent,
    lookup: options.lookup,
    refuseSpecialAddresses: options.refuseSpecialAddresses ?? false,
    userAgent: options.userAgent ?? 'scitokens-js',
  })
}

/** The store that the options name. A file is opened when it is first needed. */
export function storeFrom(options: KeyCacheOptions, emit: (event: KeyCacheEvent) => void): KeyStore {
  if (options.store === 'memory') return new MemoryStore()
  if (options.store !== undefined) return options.store
  const file = join(options.cacheDir ?? defaultCacheDirectory(), CACHE_FILE)
  const warn = options.warn ?? ((message: string) => process.emitWarning(message, 'SciTokensWarning'))
  let warned = false
  const onHealth = ({ location, problem }: StoreHealth): void => {
    emit({ type: 'store', location, problem })
    if (problem === undefined || warned) return
    warned = true
    warn(`the key cache ${location} is not fully used, keys are kept in memory: ${problem}`)
  }
  return new SafeStore(file, () => new SqliteStore(file), onHealth)
}
