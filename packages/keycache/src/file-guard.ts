import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'

/** Where files have no owner and mode (Windows), profile directories keep others out. */
const HAS_OWNERS = process.getuid !== undefined

/** Options of {@link guardFile}. */
export interface GuardOptions {
  /** Change and make nothing. Default: false. */
  readonly readOnly?: boolean
  /** The most that anybody may do with the file. Default: 0600. */
  readonly mode?: number
}

/**
 * Makes sure that nobody but this user (or root) can have written a cache file: whoever can write it can mint tokens.
 * Makes directory (0700) and file (0600) where they are missing, unless the file is only to be read.
 *
 * Throws when somebody else could have, or when the file cannot be made.
 */
export function guardFile(file: string, options: GuardOptions = {}): 'read-write' | 'read-only' {
  const { readOnly = false, mode = 0o600 } = options
  const directory = dirname(file)
  if (!readOnly) mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (HAS_OWNERS) checkDirectory(directory, readOnly)
  if (!readOnly) createIfMissing(file, mode)
  const stats = lstatSync(file)
  if (!stats.isFile()) throw new Error('it is not a regular file')
  if (!HAS_OWNERS) return !readOnly && isWritable(file) ? 'read-write' : 'read-only'
  checkOwner('it', stats)
  if (!readOnly && isOurs(stats) && (stats.mode & 0o777 & ~mode) !== 0) chmodSync(file, stats.mode & mode)
  else if ((stats.mode & 0o022) !== 0) throw new Error('it can be written by others')
  return !readOnly && isWritable(file) && isWritable(directory) ? 'read-write' : 'read-only'
}

/**
 * A directory that others can write is refused: they could replace the file, or plant a journal beside it. The directory that
 * the SciTokens libraries share is put right instead, since those libraries make it with the caller's umask.
 */
function checkDirectory(directory: string, readOnly: boolean): void {
  const stats = statSync(directory)
  checkOwner('its directory', stats)
  if ((stats.mode & 0o022) === 0) return
  if (readOnly || !isOurs(stats) || basename(directory) !== 'scitokens')
    throw new Error('its directory can be written by others')
  chmodSync(directory, 0o700)
}

function checkOwner(what: string, stats: Stats): void {
  if (!isOurs(stats) && stats.uid !== 0) throw new Error(`${what} belongs to another user`)
}

function isOurs(stats: Stats): boolean {
  return stats.uid === process.getuid?.()
}

function createIfMissing(file: string, mode: number): void {
  try {
    closeSync(openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, mode))
  } catch (error) {
    // Another process may have been quicker, or it was there all along.
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) throw error
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
