import type { SkinOptions } from '@scitokens/enforcer/internal'
import type { KeyCacheOptions } from '@scitokens/keycache'

/**
 * Options of {@link scitokens}: those of `Enforcer`, of `createGuard` and of `KeyCache`, and these. `issuers` and `audience` are
 * enough.
 */
export interface SciTokensOptions extends SkinOptions<Omit<KeyCacheOptions, 'issuers'>> {
  /** For the `KeyCache` that is made where neither `keys` nor `enforcer` is given. */
  readonly keyCache?: Omit<KeyCacheOptions, 'issuers'>
  /**
   * Answer refusals here: RFC 6750 challenge and a JSON body. Default: false, they are thrown to the app's error handler with
   * `statusCode`, `headers` and `code`; Fastify's own sends `{ statusCode, code, error, message }` and the challenge.
   */
  readonly handleErrors?: boolean
}
