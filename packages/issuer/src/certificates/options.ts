import type { IdentityVerifier } from './identity-verifier.ts'

/**
 * Tokens for clients that hold a certificate of the grid and nothing else: `grant_type=client_credentials` without a `client_id`.
 * What they get is told by files that other programs replace while the issuer runs.
 */
export interface X509Options {
  /** Says who has a certificate: `await openVerifier(…)` of `@scitokens/x509`, or one's own. */
  readonly verifier: IdentityVerifier
  /** `rules.json`: which names and VOMS groups get which scopes. */
  readonly rules: string
  /** `dn_mapping.json`: user names by distinguished name, for `sub` and `{username}`. Default: `sub` is the name itself. */
  readonly dnMapping?: string
  /** `client_id` of all these tokens. Default: `x509`. */
  readonly clientId?: string
  /** Audiences that may be asked for; `*` for any but the words for "every server". Default: none. */
  readonly audiences?: readonly string[]
  /** What a token gets where nothing was asked for. Default: all of `audiences` that name a server. */
  readonly defaultAudience?: string | readonly string[]
  /** Of access tokens in seconds; never longer than the certificate. Default: the issuer's. */
  readonly lifetime?: number
  /** Default: the issuer's. */
  readonly profile?: 'scitoken:2.0' | 'wlcg:1.x'
  /** Default: the issuer's first. */
  readonly algorithm?: 'ES256' | 'RS256'
}
