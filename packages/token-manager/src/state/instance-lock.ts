import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { guardDatabase } from '@scitokens/host/files'

/**
 * Makes sure that one manager serves a state directory. The lock is the operating system's (by way of SQLite, as Node has no file
 * locks of its own), so it ends with the process however that ends.
 *
 * Throws `config_error` when another one has it.
 *
 * @returns what releases it.
 */
export function lockInstance(stateDirectory: string): Disposable {
  const file = join(stateDirectory, 'instance.lock')
  guardDatabase(file)
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('begin exclusive')
  } catch (cause) {
    database.close()
    throw new ConfigError('config_error', `another token manager serves ${quote(stateDirectory)} already`, { cause })
  }
  return { [Symbol.dispose]: () => database.close() }
}
