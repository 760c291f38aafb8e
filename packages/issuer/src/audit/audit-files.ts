import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { InvalidRequestError } from '@scitokens/core'
import type { AuditEvent } from '../audit.ts'

/** What programs that rotate logs append to a name: `.1`, `.2.gz`, `-20261122`, `-20261122-1763.gz`, `.2026-11-22T10:00:00Z`. */
const ROTATED = /^[.-]\d[0-9TZ:_.-]*(?:\.gz)?$/

/** A line that was no event, such as one that a full disk tore. */
export interface BrokenLine {
  readonly file: string
  readonly line: number
}

interface AuditFile {
  readonly path: string
  /** Of its first event, seconds since the epoch. */
  readonly from: number
}

/**
 * All events of an audit file and of the files that it was rotated into, compressed ones as well, in the order in which they were
 * written. Throws `invalid_request` where there is nothing to read.
 *
 * @param since - files that end before this time are not read. Default: all are.
 */
export async function* readAuditFiles(
  path: string,
  onBroken: (broken: BrokenLine) => void,
  since: number = 0,
): AsyncGenerator<AuditEvent> {
  const files = await filesOf(path)
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

async function filesOf(path: string): Promise<readonly AuditFile[]> {
  const name = basename(path)
  const inDirectory = await readdir(dirname(path)).catch(() => [])
  const names = inDirectory.filter(
    (one) => one === name || (one.startsWith(name) && ROTATED.test(one.slice(name.length))),
  )
  if (names.length === 0) throw new InvalidRequestError(`there is no audit file ${path}`)
  const found: (AuditFile & { readonly changed: number })[] = []
  for (const one of names) {
    const place = join(dirname(path), one)
    // oxlint-disable no-await-in-loop -- a handful of files
    const from = await firstTime(place)
    if (from !== undefined) found.push({ path: place, from, changed: (await stat(place)).mtimeMs })
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
    throw new InvalidRequestError(`the audit file ${path} cannot be read (${code})`, { cause })
  } finally {
    file.destroy()
  }
}
