/** Options of the verdict cache. */
export interface VerdictCacheOptions {
  /** Default: 10 000. */
  readonly maxEntries?: number
  /** Estimated, keys and values together. Default: 32 MiB. */
  readonly maxBytes?: number
}
