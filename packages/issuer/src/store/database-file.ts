import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '@scitokens/core'
import {
  databaseInOtherHands,
  directoryInOtherHands,
  ownersTrustedHere,
  type TrustedOwners,
} from '@scitokens/host/files'

/**
 * Refuses a database that somebody else could have written, be it that its modes were put right since, or whose directory somebody else
 * could replace: who can plant a journal there makes clients, logins and keys of his own. Throws `config_error`.
 */
export function checkDatabaseFile(file: string): void {
  const owners = trustedFor(file)
  const way = directoryInOtherHands(dirname(file), owners)
  if (way !== undefined)
    throw new ConfigError('config_error', `the database ${file} could be replaced by others: ${way}`)
  const doubt = databaseInOtherHands(file, owners)
  if (doubt === undefined) return
  throw new ConfigError(
    'config_error',
    `${doubt}, so what stands in ${file} is not believed: put a backup in its place, without its journals`,
  )
}

/** When root does something by hand, the database is the service's: of the account that owns its directory. */
function trustedFor(file: string): TrustedOwners | undefined {
  const owners = ownersTrustedHere()
  return owners && process.geteuid?.() === 0 ? new Set([...owners, statSync(dirname(file)).uid]) : owners
}
