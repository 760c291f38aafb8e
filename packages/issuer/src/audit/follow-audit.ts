import { flag, type OptionReaders, readOptions } from '@scitokens/core/internal'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { AuditEvent } from './audit.ts'
import { parseEvent, readAuditFiles } from './audit-files.ts'
import { type AuditQuery, auditMatcher } from './audit-query.ts'

const LOOK_MS = 200
const CHUNK = 65_536

/** How {@link followAudit} begins. */
export interface FollowOptions {
  /** First everything that is there, in the files that it was rotated into as well. Default: what comes from now on. */
  readonly withHistory?: boolean
}

const READERS: OptionReaders<FollowOptions> = { withHistory: flag }

/**
 * Events as they are written, until `signal`. A file that is rotated is read to its end, and then the new one. Throws
 * `invalid_request` for a query that cannot be looked for.
 */
export async function* followAudit(
  path: string,
  query: AuditQuery,
  signal: AbortSignal,
  options: FollowOptions = {},
): AsyncGenerator<AuditEvent> {
  const { withHistory = false } = readOptions(options, READERS)
  const matches = auditMatcher(query)
  // Opened first: what is written while the older files are read is not missed, nor what is rotated away meanwhile.
  let file = await openIfThere(path)
  let position = file && !withHistory ? (await file.stat()).size : 0
  if (withHistory) {
    for await (const event of readRotated(path, file)) if (matches(event)) yield event
  }
  try {
    while (!signal.aborted) {
      // oxlint-disable no-await-in-loop -- one look after the other
      const renamed = await isAnother(file, path)
      const { text, end } = await readFrom(file, position)
      position = end
      for (const line of text.split('\n')) {
        const event = parseEvent(line)
        if (event && matches(event)) yield event
      }
      if (renamed && text === '') {
        await file?.close()
        file = await openIfThere(path)
        position = 0
      } else if (text === '') {
        await setTimeout(LOOK_MS, undefined, { signal }).catch(() => {})
      }
      // oxlint-enable no-await-in-loop
    }
  } finally {
    await file?.close()
  }
}

/** What the file was rotated into, without the file itself. */
async function* readRotated(path: string, file: FileHandle | undefined): AsyncGenerator<AuditEvent> {
  const inode = file && (await file.stat()).ino
  yield* readAuditFiles(path, () => {}, { without: inode, mayBeMissing: true })
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the name stands for another file now. While there is none, the old one may still be written to. */
async function isAnother(file: FileHandle | undefined, path: string): Promise<boolean> {
  const now = await stat(path).catch(() => undefined)
  if (!now) return false
  return !file || (await file.stat()).ino !== now.ino
}

async function readFrom(file: FileHandle | undefined, position: number): Promise<{ text: string; end: number }> {
  if (!file) return { text: '', end: position }
  // Cut short and written anew, as some programs rotate.
  const { size } = await file.stat()
  const start = size < position ? 0 : position
  const parts: Buffer[] = []
  let end = start
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- piece by piece
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, end)
    if (bytesRead === 0) break
    parts.push(buffer.subarray(0, bytesRead))
    end += bytesRead
  }
  // A line that is half written is read again.
  const bytes = Buffer.concat(parts)
  const whole = bytes.lastIndexOf(0x0a) + 1
  return { text: bytes.subarray(0, whole).toString('utf8'), end: start + whole }
}
