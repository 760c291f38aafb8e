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
import { dirname } from 'node:path'

/**
 * Makes sure that nobody but this user (or root) can have written a cache file: whoever can write it can mint tokens.
 * Makes directory (0700) and file (0600) where they are missing.
 *
 * Throws when somebody else could have.
 */
export function guardFile(file: string): 'read-write' | 'read-only' {
  const directory = dirname(file)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  checkOwner(directory, statSync(directory))
  if (exists(file)) {
    const stats = lstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    checkOwner(file, stats)
  } else closeSync(openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600))
  return isWritable(file) && isWritable(directory) ? 'read-write' : 'read-only'
}

function checkOwner(path: string, stats: Stats): void {
  const uid = process.getuid?.()
  if (uid === undefined) return
  if (stats.uid !== uid && stats.uid !== 0) throw new Error(`${path} belongs to another user`)
  if ((stats.mode & 0o022) === 0) return
  // A umask of 002 made it so for other SciTokens libraries. Ours to correct, if it is ours.
  if (stats.uid !== uid || (stats.mode & 0o002) !== 0) throw new Error(`${path} can be written by others`)
  chmodSync(path, stats.mode & 0o755)
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
