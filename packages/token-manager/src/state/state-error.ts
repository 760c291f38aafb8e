import { ConfigError, UndecidedError } from '@scitokens/core'
import { CORRUPT, NOTADB } from './schema.ts'

/** SQLite's primary result code for a full disk. https://sqlite.org/rescode.html */
const FULL = 13

/** SQLite's failures in our terms: a foreign or damaged file is `config_error`, a full or broken disk, or a lock that lasts, `undecided`. */
export function asStateError(error: unknown): unknown {
  const { code, errcode } = error as { code?: string; errcode?: number }
  if (code !== 'ERR_SQLITE_ERROR') return error
  const primary = (errcode ?? 0) & 0xff
  if (primary === NOTADB || primary === CORRUPT) {
    return new ConfigError('config_error', "the token manager's state file is no database, or damaged", {
      cause: error,
    })
  }
  const why = primary === FULL ? 'the disk is full' : (error as Error).message
  return new UndecidedError('undecided', `the token manager's state cannot be read or written: ${why}`, {
    cause: error,
  })
}
