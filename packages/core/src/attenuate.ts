import { given } from './internal/given.ts'
import { SciToken } from './token.ts'
import type { Clock } from './clock.ts'
import type { JsonObject } from './jose/json.ts'
import type { Jwk } from './jose/jwk.ts'
import { formatScopes } from './claims/scopes.ts'
import type { Scope } from './claims/scope.ts'

/** Options of {@link attenuate}. */
export interface AttenuateOptions {
  /** The token to derive from, with its key: `header.payload.signature.key`. */
  readonly token: string
  /** What the new token may do, each within what the parent may. Default: all of it. */
  readonly scopes?: string | readonly (string | Scope)[]
  /** Servers that it is for, each one of the parent's. Default: all of them. */
  readonly audience?: string | readonly string[]
  /** How long the new token lives, in seconds. Default: 600, or what is left of the parent where that is less. */
  readonly lifetime?: number
  /**
   * A leaf is what servers accept; nothing can be derived from it. `false` gives a four-part token for a sub-job that
   * derives in turn. Default: true.
   */
  readonly leaf?: boolean
  /** Instead of a new key: the public key of whoever may derive from the new token, which then has three parts. */
  readonly cwk?: Jwk
  /** The clock that tells when the new token is made. Default: the machine's. */
  readonly clock?: Clock
  /** Seconds by which `iat` and `nbf` lie in the past, never before the parent's `nbf`. Default: 5. */
  readonly backdate?: number
}

/**
 * Derives a token that can do less, without the issuer.
 *
 * Throws, family `invalid_request`: `widened_chain` for whatever the parent does not have, `broken_chain` where the key does not
 * fit it, `expired`, `invalid_scope`, `too_large` for a chain that no server would read; and `invalid_request`.
 */
export async function attenuate(options: AttenuateOptions): Promise<string> {
  const { token, scopes, audience, leaf = true, lifetime, cwk, clock, backdate } = options
  const claims: JsonObject = given({ scope: scopes && asClaim(scopes), aud: audience })
  return new SciToken({ parent: token, claims }).serialize({
    includeKey: !leaf && !cwk,
    ...given({ cwk, lifetime, clock, backdate }),
  })
}

function asClaim(scopes: string | readonly (string | Scope)[]): string {
  if (typeof scopes === 'string') return scopes
  return scopes.map((scope) => (typeof scope === 'string' ? scope : formatScopes([scope]))).join(' ')
}
