import { text } from '@scitokens/core/internal'
import { readSkinOptions, type SkinOptions } from '@scitokens/enforcer/internal'
import type { KeyCacheOptions } from '@scitokens/keycache'

/**
 * Options of {@link scitokens}: those of `Enforcer`, of `createGuard` and of `KeyCache`, and these. `issuers` and `audience` are
 * enough.
 */
export interface SciTokensOptions extends SkinOptions<Omit<KeyCacheOptions, 'issuers'>> {
  /** For the `KeyCache` that is made where neither `keys` nor `enforcer` is given. */
  readonly keyCache?: Omit<KeyCacheOptions, 'issuers'>
  /** The property of the request that holds the {@link Auth}, or `false` for none: `getAuth` works either way. Default: `auth`. */
  readonly property?: string | false
  /**
   * Answer refusals here: RFC 6750 challenge and a JSON body. Default: false, they go to the app's error handler by `next(error)`
   * with `status`, `statusCode`, `headers` and `code`.
   */
  readonly handleErrors?: boolean
}

/** Reads the options. Throws `config_error`. */
export function readSciTokensOptions(options: SciTokensOptions): SciTokensOptions {
  return readSkinOptions<SciTokensOptions>(options, {
    property: (value, name) => (value === false ? value : text(value, name)),
  })
}
