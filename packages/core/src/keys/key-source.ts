import type { KeySet } from './key-set.ts'

/** What a key source may use to decide whether its copy is good enough. */
export interface KeyHint {
  /** The `kid` of the token's header; `undefined` when it has none. An unknown one may justify one forced refresh. */
  readonly kid: string | undefined
  /** Ends this caller's wait, not the work that others share. */
  readonly signal?: AbortSignal
}

/**
 * Where verification gets an issuer's keys. Implemented by `@scitokens/keycache`'s `KeyCache`, by {@link StaticKeys}, and
 * by `@scitokens/core/testing`.
 *
 * Contract: the answer is the issuer's *whole* current key set, which need not contain `hint.kid` (the caller then reports
 * `key_not_found`). The same content is the same object, so that a verdict may be kept for as long as the object is
 * the same. Throws `UndecidedError` when the keys cannot be had, `TokenNotAcceptableError` `untrusted_issuer` for an issuer
 * this source does not serve; never returns an empty set in place of an error.
 *
 * A source that can answer without waiting returns the set itself, not a promise.
 */
export interface KeySource {
  /** The issuer's whole key set, at once or as a promise. */
  getKeySet(issuer: string, hint: KeyHint): KeySet | Promise<KeySet>
}
