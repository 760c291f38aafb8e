import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentRange } from './ranges.ts'
import type { Entry } from './entry.ts'
import type { FileStorage, Replace } from './storage.ts'
import { StorageError } from './storage-error.ts'

/** One piece of an upload. */
export interface UploadPiece extends Replace {
  readonly path: string
  /** Who uploads: one person's pieces never become part of another's file. */
  readonly owner: string
  readonly range: ContentRange
  readonly content: AsyncIterable<Uint8Array>
}

/** How far an upload has come. `entry` is there once it is whole and in its place. */
export interface UploadProgress {
  readonly received: number
  readonly entry?: Entry
}

/**
 * Uploads that survive a broken connection. A client sends `Content-Range: bytes 0-99/1000`, and after an interruption asks how much has
 * arrived, with an empty body and a star in place of the range. Nothing is visible under the file's name before all of it is there.
 */
export class Uploads {
  readonly #storage: FileStorage
  readonly #busy = new Set<string>()

  constructor(storage: FileStorage) {
    this.#storage = storage
  }

  /** Takes a piece, which must begin where the last one ended. Throws `wrong_offset`, `busy`. */
  async add({ path, owner, range, content, replace }: UploadPiece): Promise<UploadProgress> {
    const name = createHash('sha256')
      .update(JSON.stringify([owner, path, range.total]))
      .digest('hex')
    const file = join(this.#storage.incoming, `${name}.part`)
    if (this.#busy.has(name)) throw new StorageError('busy', 'another piece of this upload is on its way')
    this.#busy.add(name)
    try {
      const before = await sizeOf(file)
      if (!range.part) return { received: before }
      if (range.part.start !== before && range.part.start !== 0) {
        throw new StorageError('wrong_offset', `the next byte is ${before}`, before)
      }
      const received = await append(file, range.part, content)
      if (received < range.total) return { received }
      const entry = await this.#storage.place(file, path, { replace })
      return { received, entry }
    } finally {
      this.#busy.delete(name)
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

/** What arrived before the connection broke stays: that is what makes it resumable. */
async function append(
  file: string,
  { start, end }: { start: number; end: number },
  content: AsyncIterable<Uint8Array>,
): Promise<number> {
  const handle = await open(file, start === 0 ? 'w' : 'a', 0o600)
  let received = start
  try {
    for await (const chunk of content) {
      const wanted = chunk.subarray(0, end + 1 - received)
      await handle.writeFile(wanted)
      received += wanted.length
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return received
}
