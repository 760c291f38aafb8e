import type { Logger } from '@scitokens/core/internal'
import type { FrontEndOptions } from './front-end/front-end.ts'
import type { Strictness } from './path/verify-path.ts'

/** Options of `openVerifier`. */
export interface VerifierOptions {
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
   * Accept limited proxies, which jobs have. Default: true, and `limited` of the identity says so: start no jobs for it. False is refused
   * beside a front end that judges certificates itself: it does not tell which proxies are limited.
   */
  readonly limitedProxies?: boolean
  /** Names under which VOMS attributes may be meant for this server. Default: none; attributes for certain servers are refused. */
  readonly hosts?: readonly string[]
  /** A server before this one that ends TLS. Default: none; certificates are those of the connection. */
  readonly frontEnd?: FrontEndOptions
  /** Told of authorities that cannot be read. Default: nobody. */
  readonly logger?: Pick<Logger, 'error'>
}
