import { join } from 'node:path'
import type { KeyCacheOptions } from '../../../keycache/src/options.ts'

/** Settings of the SciTokens libraries that concern keys, by the names that `setConfig` of `@scitokens/core/node` has. */
export interface KeyCacheConfig {
  /** Least time for which keys are kept, in seconds. */
  readonly cache_lifetime?: number | undefined
  /** Directory in which `scitokens` is the cache's directory, as for the Python library. */
  readonly cache_location?: string | undefined
  /** The same for scitokens-cpp; `cache_location` is stronger. */
  readonly 'keycache.cache_home'?: string | undefined
  /** Seconds after which keys are fetched again. */
  readonly 'keycache.update_interval_s'?: number | undefined
  /** Seconds after which keys are no longer good. */
  readonly 'keycache.expiration_interval_s'?: number | undefined
  /** File of certificate authorities. */
  readonly 'tls.ca_file'?: string | undefined
}

/** Options of `KeyCache` that a site's configuration makes: `new KeyCache({ issuers, ...optionsFromConfig(setConfig(file)) })`. */
export function optionsFromConfig(config: KeyCacheConfig): Partial<KeyCacheOptions> {
  const base = config.cache_location ?? config['keycache.cache_home']
  const { cache_lifetime: cacheLifetime } = config
  const refreshAfter = config['keycache.update_interval_s']
  const usableFor = config['keycache.expiration_interval_s']
  const ca = config['tls.ca_file']
  return {
    ...(base === undefined ? {} : { cacheDir: join(base, 'scitokens') }),
    ...(cacheLifetime === undefined ? {} : { cacheLifetime }),
    ...(refreshAfter === undefined ? {} : { refreshAfter }),
    ...(usableFor === undefined ? {} : { usableFor }),
    ...(ca === undefined ? {} : { ca }),
  }
}
