import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { directoryInOtherHands, fileInOtherHands, ownersTrustedHere, type TrustedOwners } from './trusted-path.ts'

/** What must hold of a file for {@link readPrivateFile} to believe it. */
export interface PrivateFileOptions {
  /** What the file is, for messages: `the key file`. Default: `the file`. */
  readonly what?: string
  /** Largest file that is read, in bytes. Default: 65 536. */
  readonly maxBytes?: number
  /** Who may own it besides root, by user id. Default: this user. */
  readonly owner?: number
  /** Refuse a symbolic link in place of the file, as must be done where anybody can make one. Default: false. */
  readonly refuseLink?: boolean
  /**
   * Look at every step of the way to the file too: nobody else can put another file in its place. Default: true. Off for a file that a
   * person names who knows where it lies, or where others are meant to change the directory.
   */
  readonly judgeWay?: boolean
  /** Accept a file that others can read, but not write: it holds nothing secret. Default: false. */
  readonly readableByOthers?: boolean
  /** Accept a file that others can read or write, because whoever named it has said so. Default: false. */
  readonly anyMode?: boolean
}

const DEFAULT_MAX_BYTES = 65_536
const OTHERS = 0o077
const OTHERS_WRITE = 0o022

/**
 * Reads a file that must be its owner's alone: a key or another secret. Judged are the file as it was opened, so that nothing can be
 * exchanged between the check and the reading: kind, owner, mode, size; and the way to it. Undefined when there is no such file.
 *
 * Throws `config_error` for one that is not private or cannot be read. What is in it is told nobody.
 */
export function readPrivateFile(file: string, options: PrivateFileOptions = {}): Buffer | undefined {
  const fd = open(file, options)
  if (fd === undefined) return undefined
  try {
    checkPrivate(file, fd, options)
    return readAll(file, fd, options)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw problem(file, options, `cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause)
  } finally {
    closeSync(fd)
  }
}

function open(file: string, options: PrivateFileOptions): number | undefined {
  // A named pipe would keep us waiting for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (options.refuseLink ? constants.O_NOFOLLOW : 0)
  try {
    return openSync(file, flags)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const isLink = code === 'ELOOP' && options.refuseLink === true
    throw problem(file, options, isLink ? 'is a symbolic link' : `cannot be read (${code})`, cause)
  }
}

function checkPrivate(file: string, fd: number, options: PrivateFileOptions): void {
  const { owner, judgeWay = true, readableByOthers = false, anyMode = false } = options
  const stats = fstatSync(fd)
  if (!stats.isFile()) throw problem(file, options, 'is not a regular file')
  const owners = trusted(owner)
  // Where files have no owners and modes (Windows), profile directories keep others out.
  if (owners === undefined) return
  if (!owners.has(stats.uid)) throw problem(file, options, 'belongs to another user')
  if (!anyMode && (stats.mode & OTHERS_WRITE) !== 0)
    throw problem(file, options, 'can be written by others: chmod 600 it')
  if (!anyMode && !readableByOthers && (stats.mode & OTHERS) !== 0)
    throw problem(file, options, 'can be read by others: chmod 600 it')
  const way = judgeWay ? fileInOtherHands(file, owners) : undefined
  if (way !== undefined) throw problem(file, options, `could be replaced by others: ${way}`)
}

function trusted(owner: number | undefined): TrustedOwners | undefined {
  const here = ownersTrustedHere()
  return here === undefined || owner === undefined ? here : new Set([0, owner])
}

function readAll(file: string, fd: number, options: PrivateFileOptions): Buffer {
  const { maxBytes = DEFAULT_MAX_BYTES } = options
  // One more than may be there; what `stat` says of its size may be old when it is read.
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  for (;;) {
    const count = readSync(fd, buffer, length, buffer.length - length, null)
    length += count
    if (length === buffer.length) throw problem(file, options, `is larger than ${maxBytes} bytes`)
    if (count === 0) return buffer.subarray(0, length)
  }
}

function problem(file: string, { what = 'the file' }: PrivateFileOptions, why: string, cause?: unknown): ConfigError {
  return new ConfigError('config_error', `${what} ${quote(file)} ${why}`, { cause })
}

/**
 * Makes a private file (0600) with this content, unless there is one: of several processes that do so at once the first one wins, and
 * nobody ever sees half a file. It is on the disk when this returns. Its directory must be there, and nobody else may be able to change it.
 *
 * Throws `config_error`.
 *
 * @param what - the file is, for messages.
 * @returns whether this process has made it.
 */
export function createPrivateFile(file: string, content: string, what: string = 'the file'): boolean {
  const directory = dirname(file)
  const draft = join(directory, `.${basename(file)}.${randomBytes(9).toString('base64url')}`)
  try {
    const way = directoryInOtherHands(directory)
    if (way !== undefined) throw problem(file, { what }, `could be replaced by others: ${way}`)
    writeDraft(draft, content)
    // Linking fails when another process was quicker, and then its content holds: never half a file, never two.
    linkSync(draft, file)
    return true
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw problem(file, { what }, `cannot be made (${code})`, cause)
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeDraft(draft: string, content: string): void {
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, content)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
