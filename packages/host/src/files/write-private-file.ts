import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** How {@link writePrivateFile} writes. */
export interface WriteOptions {
  /** What the file is, for messages: `the token file`. Default: `the file`. */
  readonly what?: string
  /** Who shall own the file, by user id. Default: whoever writes it. Only root can give files away. */
  readonly uid?: number
  /** Group of the file, by its id. Default: the writer's. */
  readonly gid?: number
  /** Mode of the file. Default: 0600. */
  readonly mode?: number
  /** Refuse a directory that is owned by none of these (root is always fine). Default: the writer and `uid`. */
  readonly trustedOwners?: readonly number[]
  /** Wait until the file is on the disk. Not needed where it is written anew after a crash. Default: true. */
  readonly durable?: boolean
}

/**
 * Replaces a file atomically: readers see the old content or the new, whole, with the right owner and mode from the first
 * byte on. No symbolic link is followed, neither the file itself nor its directory, and the directory is held open, so that its owner cannot
 * swap it for a link between two steps.
 *
 * Throws `config_error` for a directory that is missing, a link, or another user's; `undecided` when the disk is full.
 */
export function writePrivateFile(file: string, content: string, options: WriteOptions = {}): void {
  const directory = dirname(file)
  const dirFd = openDirectory(directory, options)
  try {
    // openat(2) by way of /proc: Node has none of its own.
    const held = `/proc/self/fd/${dirFd}`
    const base = existsSync(held) ? held : directory
    const draft = join(base, `.${basename(file)}.${randomBytes(9).toString('base64url')}`)
    try {
      writeDraft(draft, content, options)
      renameSync(draft, join(base, basename(file)))
      if (options.durable ?? true) fsyncSync(dirFd)
    } catch (error) {
      rmSync(draft, { force: true })
      throw error
    }
  } catch (error) {
    throw asKnown(file, error, options)
  } finally {
    closeSync(dirFd)
  }
}

function openDirectory(directory: string, options: WriteOptions): number {
  const { uid, trustedOwners, what = 'the file' } = options
  let fd: number
  try {
    // The last step only: what lies above a job's directory belongs to the system.
    fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    throw asKnown(directory, error, options)
  }
  const stats = fstatSync(fd)
  const trusted = new Set([0, ...(trustedOwners ?? [process.geteuid?.() ?? 0, uid ?? 0])])
  // In a sticky directory such as /tmp nobody can replace what is another's. WLCG bearer token discovery, step 4.
  if (trusted.has(stats.uid) && ((stats.mode & 0o002) === 0 || (stats.mode & 0o1000) !== 0)) return fd
  closeSync(fd)
  throw new ConfigError('config_error', `${quote(directory)} is a directory in which others can replace ${what}`)
}

function writeDraft(draft: string, content: string, { uid, gid, mode = 0o600, durable = true }: WriteOptions): void {
  const fd = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    writeSync(fd, content)
    if (uid !== undefined || gid !== undefined) fchownSync(fd, uid ?? process.geteuid!(), gid ?? process.getegid!())
    fchmodSync(fd, mode)
    if (durable) fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'its directory is a link or no directory',
  ELOOP: 'its directory is a symbolic link',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there, or not give files away',
  EROFS: 'the file system is read-only',
}

function asKnown(file: string, error: unknown, { what = 'the file' }: WriteOptions): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  const message = (why: string): string => `${what} ${quote(file)} cannot be written: ${why}`
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new UndecidedError('undecided', message('the disk is full'), { reason: 'unavailable', cause: error })
  }
  return new ConfigError('config_error', message(REASONS[code] ?? code), { cause: error })
}
