import { extname } from 'node:path'
import type { IssuerIdentifierOptions } from '@scitokens/core'
import type { EnforcerOptions, IssuerOptions } from '../options.ts'
import { readJsonIssuerMap } from './issuer-map-json.ts'
import { readScitokensCfg } from './scitokens-cfg.ts'

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

/**
 * Reads which issuers a site trusts, and for what: JSON from a file that ends in `.json`, else XRootD's `scitokens.cfg`.
 * Throws `config_error`, naming file, line and key.
 *
 * @param trust - whether issuers at `http://` on this machine are accepted; the enforcer must be told the same.
 */
export function readIssuerMap(file: string, trust: IssuerIdentifierOptions = {}): IssuerMap {
  return extname(file) === '.json' ? readJsonIssuerMap(file, trust) : readScitokensCfg(file, trust)
}
