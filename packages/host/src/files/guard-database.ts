import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { makeDirectory } from './make-directory.ts'
import { setAside, setDatabaseAside } from './set-aside.ts'
import { databaseInOtherHands, directoryInOtherHands, ownersTrustedHere } from './trusted-path.ts'

/** How {@link guardDatabase} treats a database and its directory. */
export interface GuardOptions {
  /** Change and make nothing; what somebody else could have written is refused. Default: false. */
  readonly readOnly?: boolean
  /** Hears of what was set aside. Default: `process.emitWarning`. */
  readonly warn?: (message: string) => void
  /** The most that anybody may do with the file. Default: 0600. */
  readonly mode?: number
  /** Other programs use the file too: one of another user is refused, since setting it aside would take it from them. Default: false. */
  readonly shared?: boolean
  /**
   * Set the file's directory aside too, with all that is in it, where others could have written it: for one that is made for this purpose
   * alone, by programs that leave its mode to the caller's umask. Default: false, and such a directory is refused.
   */
  readonly remakeDirectory?: boolean
}

/**
 * Makes sure that nobody but this user (or root) can have written a database of what need not last: a cache, say. What somebody else could
 * have written is not put right and then believed: the file with its journals is set aside and made anew. Makes directory (0700) and file
 * (0600) where they are missing. A file that is only to be read is refused instead.
 *
 * A file that is there is not opened: to close it again would give up the locks that a database of this process holds on it
 * (sqlite.org/howtocorrupt.html, 2.2).
 *
 * Throws a plain `Error` when somebody else could replace the directory, `config_error` when the directory cannot be made, and the file
 * system's error when the file cannot.
 *
 * @returns whether this process can write to it.
 */
export function guardDatabase(file: string, options: GuardOptions = {}): 'read-write' | 'read-only' {
  const { readOnly = false, mode = 0o600 } = options
  const directory = dirname(file)
  if (!readOnly) makeGuardedDirectory(directory, options)
  const way = directoryInOtherHands(directory)
  if (way !== undefined) throw new Error(way)
  const doubt = databaseInOtherHands(file)
  if (doubt !== undefined) {
    if (readOnly || (options.shared && isForeign(file))) throw new Error(doubt)
    tell(options, `${doubt}: it was set aside as ${setDatabaseAside(file)}, and is made anew`)
  }
  if (!readOnly) createIfMissing(file, mode)
  const stats = lstatSync(file)
  if (!stats.isFile()) throw new Error('it is not a regular file')
  // Others could read it: that is put right.
  if (!readOnly && isOurs(stats) && (stats.mode & 0o777 & ~mode) !== 0) chmodSync(file, stats.mode & mode)
  return !readOnly && isWritable(file) && isWritable(directory) ? 'read-write' : 'read-only'
}

/** Makes the directory, or sets it aside and makes it anew where that was asked for. */
function makeGuardedDirectory(directory: string, options: GuardOptions): void {
  makeDirectory(directory)
  if (!options.remakeDirectory) return
  const stats = lstatSync(directory)
  if (!stats.isDirectory() || !isOurs(stats) || (stats.mode & 0o022) === 0) return
  if (directoryInOtherHands(dirname(directory)) !== undefined) return
  const aside = setAside(directory)
  makeDirectory(directory)
  tell(options, `the directory ${directory} could be written by others: it was set aside as ${aside}, and is made anew`)
}

function tell({ warn }: GuardOptions, message: string): void {
  if (warn) warn(message)
  else process.emitWarning(message, 'SciTokensWarning')
}

/** Where files have no owner and mode (Windows), profile directories keep others out: nothing is put right there. */
function isOurs(stats: Stats): boolean {
  return process.geteuid !== undefined && stats.uid === process.geteuid()
}

function isForeign(file: string): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  return stats !== undefined && ownersTrustedHere()?.has(stats.uid) === false
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
