import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError, quote } from '@scitokens/core'
import { directoryInOtherHands, makeDirectory } from '@scitokens/host/files'

/** Bytes of a key: AES-256. */
const KEY_BYTES = 32

/**
 * Reads the key that encrypts stored secrets, and makes it (mode 0600) when there is none yet. Two processes that make it at
 * once end up with the same one.
 *
 * Throws `config_error` when the file is not a key, or others could read or replace it.
 */
export function loadKeyFile(file: string): Buffer {
  try {
    return readKey(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asConfigError(file, error)
  }
  try {
    makeKey(file)
    return readKey(file)
  } catch (error) {
    throw asConfigError(file, error)
  }
}

function readKey(file: string): Buffer {
  const way = directoryInOtherHands(dirname(file))
  if (way !== undefined) throw new ConfigError(`the key file ${quote(file)} could be replaced by others: ${way}`)
  // No link is followed: its owner could choose the key.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    checkPrivate(file, fstatSync(fd))
    const text = readFileSync(fd, 'latin1').trim()
    const key = Buffer.from(text, 'base64url')
    if (key.length !== KEY_BYTES || key.toString('base64url') !== text) {
      throw new ConfigError(`${quote(file)} is not a key of the token manager`)
    }
    return key
  } finally {
    closeSync(fd)
  }
}

function checkPrivate(file: string, stats: Stats): void {
  if (!stats.isFile()) throw new ConfigError(`${quote(file)} is not a regular file`)
  if (process.getuid !== undefined && stats.uid !== process.getuid() && stats.uid !== 0) {
    throw new ConfigError(`the key file ${quote(file)} belongs to another user`)
  }
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    throw new ConfigError(`the key file ${quote(file)} can be read by others: chmod 600 it`)
  }
}

function makeKey(file: string): void {
  makeDirectory(dirname(file))
  const draft = join(dirname(file), `.key.${randomBytes(9).toString('base64url')}`)
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, `${randomBytes(KEY_BYTES).toString('base64url')}\n`)
    fsyncSync(fd)
    // Linking fails when another process was quicker, and then its key holds: never half a key, never two.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}

function asConfigError(file: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  const code = (error as NodeJS.ErrnoException).code ?? 'an unknown error'
  const why = code === 'ELOOP' ? 'is a symbolic link' : `cannot be read or made (${code})`
  return new ConfigError(`the key file ${quote(file)} ${why}`, { cause: error })
}
