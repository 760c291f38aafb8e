import { chmodSync, closeSync, openSync } from 'node:fs'
import { ConfigError } from '@scitokens/core'
import { databaseInOtherHands, setDatabaseAside } from '@scitokens/host/files'

/**
 * Makes a file that only its owner can read, where it is missing, and puts the mode right where it is not. Answers its path.
 *
 * One that is there is not opened: to close it again would give up the locks that a database of this process holds on it
 * (sqlite.org/howtocorrupt.html, 2.2).
 */
export function privateFile(file: string): string {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (process.platform !== 'win32') chmodSync(file, 0o600)
  return file
}

/**
 * Refuses a database that somebody else could have written, itself or a journal of it, be it that its modes were put right since: who wrote
 * it would choose where credentials are sent. Throws `config_error`.
 */
export function checkPrivateDatabase(file: string): void {
  const doubt = databaseInOtherHands(file)
  if (doubt === undefined) return
  throw new ConfigError(
    `${doubt}, so what stands in ${file} is not believed: move it away with its journals, and log in again`,
  )
}

/** A database of what need not last. One that somebody else could have written is set aside. Answers its path. */
export function privateDatabase(file: string): string {
  if (databaseInOtherHands(file) !== undefined) setDatabaseAside(file)
  return privateFile(file)
}
