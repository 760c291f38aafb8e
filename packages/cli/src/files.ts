import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { InvalidRequestError } from '@scitokens/core'
import { describeSystemError } from './output.ts'

/** Largest document read from a file or standard input, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024

/** Reads a text file that the user named; `-` is standard input. Throws `invalid_request` when it cannot be had. */
export function readTextFile(file: string, stdinFd = 0): string {
  try {
    return file === '-' ? readAll(stdinFd) : readFileSync(file, 'utf8')
  } catch (error) {
    throw asInvalidRequest(error)
  }
}

/** Reads a JSON file that the user named; `-` is standard input. Throws `invalid_request`. */
export function readJsonFile(file: string, stdinFd = 0): unknown {
  const text = readTextFile(file, stdinFd)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new InvalidRequestError('invalid_request', `${file === '-' ? 'standard input' : file} is not JSON`)
  }
}

/** Reads a descriptor to its end. */
export function readAll(fd: number): string {
  const chunks: Buffer[] = []
  let length = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536)
    const read = readChunk(fd, chunk)
    if (read === 0) return Buffer.concat(chunks).toString('utf8')
    chunks.push(chunk.subarray(0, read))
    length += read
    if (length > MAX_BYTES)
      throw new InvalidRequestError('invalid_request', `standard input is longer than ${MAX_BYTES} bytes`)
  }
}

function readChunk(fd: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, chunk, 0, chunk.length, null)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return 0 // Windows, at the end of a pipe
      if (code !== 'EAGAIN') throw error
      // A non-blocking descriptor inherited from the caller: wait without burning the processor.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

/** How {@link writeTextFile} writes. */
export interface WriteOptions {
  /** Default: 0o644. */
  readonly mode?: number
  /** Replace a file that exists. Default: false, which is an `invalid_request`. */
  readonly replace?: boolean
}

/**
 * Writes a file whole or not at all, with the given mode from the first byte on. Never through a symbolic link: a new file
 * is made exclusively, an old one is replaced by renaming.
 */
export function writeTextFile(file: string, text: string, { mode = 0o644, replace = false }: WriteOptions = {}): void {
  const target = replace ? join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`) : file
  try {
    const fd = openSync(target, 'wx', mode)
    try {
      writeSync(fd, text)
      fsyncSync(fd)
    } catch (error) {
      rmSync(target, { force: true })
      throw error
    } finally {
      closeSync(fd)
    }
    if (replace) renameSync(target, file)
  } catch (error) {
    throw asInvalidRequest(error)
  }
}

function asInvalidRequest(error: unknown): unknown {
  const system = error as NodeJS.ErrnoException
  if (typeof system.syscall !== 'string') return error
  const hint = system.code === 'EEXIST' ? ' (--force replaces it)' : ''
  return new InvalidRequestError('invalid_request', `${describeSystemError(system)}${hint}`, { cause: error })
}
