import { extname } from 'node:path'
import type { IssuerIdentifierOptions } from '@scitokens/core/internal'
import type { IssuerMap } from './issuer-map.ts'
import { readJsonIssuerMap } from './issuer-map-json.ts'
import { readScitokensCfg } from './scitokens-cfg.ts'

/**
 * Reads which issuers a site trusts, and for what: JSON from a file that ends in `.json`, else XRootD's `scitokens.cfg`.
 * Throws `config_error`, naming file, line and key.
 *
 * @param trust - whether issuers at `http://` on this machine are accepted; the enforcer must be told the same.
 */
export function readIssuerMap(file: string, trust: IssuerIdentifierOptions = {}): IssuerMap {
  return extname(file) === '.json' ? readJsonIssuerMap(file, trust) : readScitokensCfg(file, trust)
}
