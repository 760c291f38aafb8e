import type { FrontEndOptions } from '../x509/front-end.ts'
import type { Strictness } from '../x509/verify-path.ts'

/**
 * Tokens for clients that hold a certificate of the grid and nothing else: `grant_type=client_credentials` without a `client_id`.
 * What they get is told by files that other programs replace while the issuer runs.
 */
export interface X509Options {
  /** `rules.json`: which names and VOMS groups get which scopes. */
  readonly rules: string
  /** `dn_mapping.json`: user names by distinguished name, for `sub` and `{username}`. Default: `sub` is the name itself. */
  readonly dnMapping?: string
  /** A hashed directory of authorities such as `/etc/grid-security/certificates`. Needed unless a front end judges certificates. */
  readonly authorities?: string
  /** A directory such as `/etc/grid-security/vomsdir`. Default: VOMS groups are not believed. */
  readonly vomsDirectory?: string
  /** Revocation lists (`a1b2c3d4.r0`). Default: `require`; an authority whose list is missing or has expired is undecided. */
  readonly revocation?: Strictness
  /** What an authority may name (`.namespaces`, `.signing_policy`). Default: `require`. */
  readonly namespaces?: Strictness
  /** Accept proxies from before RFC 3820. Default: false. */
  readonly legacyProxies?: boolean
  /**
   * Accept limited proxies, which jobs have; their tokens start no jobs. Default: true. False is refused beside a front end that judges
   * certificates itself: it does not tell which proxies are limited.
   */
  readonly limitedProxies?: boolean
  /** Names under which VOMS attributes may be meant for this server. Default: the host of the issuer's URL. */
  readonly hosts?: readonly string[]
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
  /** A server before this one that ends TLS. Default: none; certificates are those of the connection. */
  readonly frontEnd?: FrontEndOptions
}
