import { statSync } from 'node:fs'
import { ConfigError, quote, UndecidedError } from '@scitokens/core'
import { directoryInOtherHands, makeDirectory } from '@scitokens/host/files'
import { CORRUPT, NOTADB } from './schema.ts'

/** Makes the state directory (0700), or checks that it is this user's alone, and that nobody else can replace it. Throws `config_error`. */
export function makePrivateDirectory(directory: string): void {
  try {
    makeDirectory(directory)
    const way = directoryInOtherHands(directory)
    if (way !== undefined)
      throw new ConfigError(`the state directory ${quote(directory)} is not this user's alone: ${way}`)
    if (process.platform !== 'win32' && (statSync(directory).mode & 0o077) !== 0) {
      throw new ConfigError(`the state directory ${quote(directory)} is open to others: chmod 700 it`)
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { code = 'an unknown error' } = error as NodeJS.ErrnoException
    throw new ConfigError(`the state directory ${quote(directory)} cannot be made or read (${code})`, { cause: error })
  }
}

/** SQLite's primary result code for a full disk. https://sqlite.org/rescode.html */
const FULL = 13

/** SQLite's failures in our terms: a foreign or damaged file is `config_error`, a full or broken disk, or a lock that lasts, `undecided`. */
export function asStateError(error: unknown): unknown {
  const { code, errcode } = error as { code?: string; errcode?: number }
  if (code !== 'ERR_SQLITE_ERROR') return error
  const primary = (errcode ?? 0) & 0xff
  if (primary === NOTADB || primary === CORRUPT) {
    return new ConfigError("the token manager's state file is no database, or damaged", { cause: error })
  }
  const why = primary === FULL ? 'the disk is full' : (error as Error).message
  return new UndecidedError('undecided', `the token manager's state cannot be read or written: ${why}`, {
    cause: error,
  })
}
