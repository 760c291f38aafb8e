import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { InvalidRequestError } from '@scitokens/core'
import type { AuditEvent } from './audit.ts'

/** What programs that rotate logs append to a name: `.1`, `.2.gz`, `-20261122`, `-20261122-1763.gz`, `.2026-11-22T10:00:00Z`. */
const ROTATED = /^[.-]\d[0-9TZ:_.-]*(?:\.gz)?$/

/** A line that was no event, such as one that a full disk tore. */
export interface BrokenLine {
  /** Path of the file. */
  readonly file: string
  /** Its number, counted from 1. */
  readonly line: number
}

interface AuditFile {
  readonly path: string
  /** Of its first event, seconds since the epoch. */
  readonly from: number
  readonly inode: number
}

/** Which files {@link readAuditFiles} reads. */
export interface FileChoice {
  /** Files that end before this time, in seconds since the epoch, are not read. Default: all are. */
  readonly since?: number
  /** The file with this inode is left out. */
  readonly without?: number | undefined
  /** That there is no file yet is no mistake. */
  readonly mayBeMissing?: boolean
}

/**
 * All events of an audit file and of the files that it was rotated into, compressed ones as well, in the order in which they were
 * written. Throws `invalid_request` where there is nothing to read.
 */
export async function* readAuditFiles(
  path: string,
  onBroken: (broken: BrokenLine) => void,
  { since = 0, without, mayBeMissing = false }: FileChoice = {},
): AsyncGenerator<AuditEvent> {
  const files = (await filesOf(path, mayBeMissing)).filter(({ inode }) => inode !== without)
  for (const [index, file] of files.entries()) {
    const next = files[index + 1]
    if (next && next.from < since) continue
    yield* readEvents(file.path, onBroken)
  }
}

/** Reads one line. Undefined for what is no event. */
export function parseEvent(line: string): AuditEvent | undefined {
  try {
    const value = JSON.parse(line) as Partial<AuditEvent> | null
    return typeof value?.time === 'number' && typeof value.event === 'string' ? (value as AuditEvent) : undefined
  } catch {
    return undefined
  }
}

async function filesOf(path: string, mayBeMissing: boolean): Promise<readonly AuditFile[]> {
  const name = basename(path)
  const inDirectory = await readdir(dirname(path)).catch(() => [])
  const names = inDirectory.filter(
    (one) => one === name || (one.startsWith(name) && ROTATED.test(one.slice(name.length))),
  )
  if (names.length === 0 && !mayBeMissing)
    throw new InvalidRequestError('invalid_request', `there is no audit file ${path}`)
  const found: (AuditFile & { readonly changed: number })[] = []
  for (const one of names) {
    const place = join(dirname(path), one)
    // oxlint-disable no-await-in-loop -- a handful of files
    const from = await firstTime(place)
    const { ino: inode, mtimeMs: changed } = await stat(place)
    if (from !== undefined) found.push({ path: place, from, inode, changed })
    // oxlint-enable no-await-in-loop
  }
  return found.toSorted((a, b) => a.from - b.from || a.changed - b.changed)
}

async function firstTime(path: string): Promise<number | undefined> {
  for await (const event of readEvents(path, () => {})) return event.time
  return undefined
}

async function* readEvents(path: string, onBroken: (broken: BrokenLine) => void): AsyncGenerator<AuditEvent> {
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  // An error of the file would otherwise be nobody's.
  file.on('error', (error) => input.destroy(error))
  try {
    let number = 0
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++
      const event = parseEvent(line)
      if (event) yield event
      else if (line !== '') onBroken({ file: path, line: number })
    }
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new InvalidRequestError('invalid_request', `the audit file ${path} cannot be read (${code})`, { cause })
  } finally {
    file.destroy()
  }
}
