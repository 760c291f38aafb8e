import { statSync } from 'node:fs'
import { ConfigError, quote, UndecidedError } from '@scitokens/core'
import { makeDirectory } from '@scitokens/host/files'
import { CORRUPT, NOTADB } from './schema.ts'

/** Makes the state directory (0700), or checks that it is this user's alone. Throws `config_error`. */
export function makePrivateDirectory(directory: string): void {
  try {
    makeDirectory(directory)
    const stats = statSync(directory)
    const foreign = process.getuid !== undefined && stats.uid !== process.getuid() && stats.uid !== 0
    if (foreign) throw new ConfigError(`the state directory ${quote(directory)} belongs to another user`)
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
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

/** Tells SQLite's failures in our terms: a foreign or damaged file is `config_error`, a full or broken disk `undecided`. */
export function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const { code, errcode } = error as { code?: string; errcode?: number }
    if (code !== 'ERR_SQLITE_ERROR') throw error
    const primary = (errcode ?? 0) & 0xff
    if (primary === NOTADB || primary === CORRUPT) {
      throw new ConfigError("the token manager's state file is no database, or damaged", { cause: error })
    }
    const why = primary === FULL ? 'the disk is full' : (error as Error).message
    throw new UndecidedError('undecided', `the token manager's state cannot be read or written: ${why}`, {
      cause: error,
    })
  }
}
