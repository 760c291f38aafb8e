import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { ConfigError, quote } from '@scitokens/core'

/** Options of {@link readTokenFile}. */
export interface TokenFileOptions {
  /** Who may own the file, besides root. Undefined where the platform knows no owners. */
  readonly uid: number | undefined
  /** Refuse a symbolic link, as must be done where others can make one: `/tmp`. */
  readonly refuseLinks: boolean
  /** Accept a file that others can read. */
  readonly allowLoosePermissions: boolean
}

/** Largest file that is read, in bytes: a token of the largest length, and white space. */
const MAX_BYTES = 66_560

/**
 * Reads a file that holds a secret. Everything is judged on the open file, so that nothing can be exchanged between the check
 * and the reading. Returns undefined for a file that is not there.
 *
 * Throws `config_error` for one that is unsafe or cannot be read; never quotes what is in it.
 */
export function readTokenFile(file: string, options: TokenFileOptions): string | undefined {
  // A named pipe would keep us waiting for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (options.refuseLinks ? constants.O_NOFOLLOW : 0)
  let descriptor: number
  try {
    descriptor = openSync(file, flags)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw problem(file, code === 'ELOOP' ? 'is a symbolic link' : `cannot be read (${code ?? 'unknown error'})`)
  }
  try {
    checkStats(file, fstatSync(descriptor), options)
    return readAll(file, descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function checkStats(file: string, stats: Stats, { uid, allowLoosePermissions }: TokenFileOptions): void {
  if (!stats.isFile()) throw problem(file, 'is no regular file')
  if (uid === undefined) return
  if (stats.uid !== uid && stats.uid !== 0) throw problem(file, 'belongs to another user')
  if ((stats.mode & 0o077) !== 0 && !allowLoosePermissions) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
    throw problem(
      file,
      `can be used by others (mode ${mode}): chmod 600 it, and get a new token if they may have read it`,
    )
  }
}

function readAll(file: string, descriptor: number): string {
  const buffer = Buffer.alloc(MAX_BYTES + 1)
  let length = 0
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null)
    length += count
    if (length > MAX_BYTES) throw problem(file, `is larger than ${MAX_BYTES} bytes: no token is`)
    // One byte is one character: what is not ASCII is no token, whatever it would decode to.
    if (count === 0) return buffer.toString('latin1', 0, length)
  }
}

function problem(file: string, why: string): ConfigError {
  return new ConfigError('config_error', `the token file ${quote(file)} ${why}`)
}
