import { given } from '@scitokens/core/internal'
import { join } from 'node:path'
import type { SettingValues } from './settings.ts'

/** Settings of a site that concern its key cache, by the names of `KeyCacheOptions` in `@scitokens/keycache`. */
export interface KeyCacheSettings {
  /** Directory of the key cache. */
  readonly cacheDir?: string
  /** Least time for which keys are kept, in seconds. */
  readonly cacheLifetime?: number
  /** Seconds after which keys are fetched again. */
  readonly refreshAfter?: number
  /** Seconds after which keys are no longer good. */
  readonly usableFor?: number
  /** File of the certificate authorities that vouch for issuers' servers. */
  readonly ca?: string
}

/**
 * What a configuration says about the key cache, as options: `new KeyCache({ issuers, ...keyCacheSettings(setConfig(file)) })`.
 *
 * The cache lies in the folder `scitokens` of `cache_location`, as for the Python library; without it, of `keycache.cache_home`, which
 * is what scitokens-cpp calls the same.
 */
export function keyCacheSettings(config: Partial<SettingValues>): KeyCacheSettings {
  const base = config.cache_location ?? config['keycache.cache_home']
  const { cache_lifetime: cacheLifetime } = config
  const refreshAfter = config['keycache.update_interval_s']
  const usableFor = config['keycache.expiration_interval_s']
  const ca = config['tls.ca_file']
  return {
    ...(base !== undefined && { cacheDir: join(base, 'scitokens') }),
    ...given({ cacheLifetime, refreshAfter, usableFor, ca }),
  }
}
