import type { IssuerOptions } from '../issuers/issuer-options.ts'
import type { EnforcerOptions } from '../enforcement/enforcer-options.ts'

/** What a file says about issuers: options for an `Enforcer`. */
export interface IssuerMap extends Pick<EnforcerOptions, 'audience' | 'sharedBasePaths'> {
  /** Who is trusted, and for what. */
  readonly issuers: Readonly<Record<string, IssuerOptions>>
  /**
   * XRootD's word for what becomes of a request that the token does not allow: another plugin may decide, or everything is
   * allowed. An Enforcer always refuses; a server that has something to fall back on may read it.
   */
  readonly onMissing: 'passthrough' | 'allow' | 'deny'
}
