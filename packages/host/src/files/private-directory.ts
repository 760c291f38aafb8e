import { statSync } from 'node:fs'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { makeDirectory } from './make-directory.ts'
import { directoryInOtherHands } from './trusted-path.ts'

/**
 * Makes a directory that is this user's alone (0700), with the missing ones above it; or checks one that is there: others can neither read
 * nor write in it, and nobody else can put another one in its place.
 *
 * Throws `config_error`.
 *
 * @param what - the directory is, for messages: `the state directory`.
 */
export function makePrivateDirectory(directory: string, what: string = 'the directory'): void {
  const problem = (why: string, cause?: unknown): ConfigError =>
    new ConfigError('config_error', `${what} ${quote(directory)} ${why}`, { cause })
  makeDirectory(directory)
  let way: string | undefined
  let mode: number
  try {
    way = directoryInOtherHands(directory)
    mode = statSync(directory).mode
  } catch (cause) {
    throw problem(`cannot be looked at (${(cause as NodeJS.ErrnoException).code})`, cause)
  }
  if (way !== undefined) throw problem(`is not this user's alone: ${way}`)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw problem('is open to others: chmod 700 it')
}
