import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'

/** Options of {@link WatchedFile}. */
export interface WatchedFileOptions<T> {
  /** Path of the file. */
  readonly path: string
  /** Largest file that is read, in bytes. */
  readonly maxBytes: number
  /** Makes a value of the content. Throws for content that makes no sense. */
  readonly parse: (content: Buffer) => T
  /** Go on with what was there before when the file cannot be read or makes no sense, and say so once. Default: throw each time. */
  readonly keepOld?: {
    readonly logger: { error(details: object, message: string): void }
    readonly message: string
  }
}

/**
 * A file that others replace (atomically, by renaming) while the service runs. It is looked at with each use, which costs one
 * `stat`, and read when it is another one: there is no timer that could stop, and no minute in which the old content still counts.
 */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>
  #stamp: string | undefined
  #value: { readonly content: T } | undefined
  #failure: unknown
  #reading: Promise<void> | undefined

  constructor(options: WatchedFileOptions<T>) {
    this.#options = options
  }

  /** The content as it is now. */
  async get(): Promise<T> {
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined))
    await this.#reading
    if (this.#value) return this.#value.content
    throw this.#failure
  }

  async #look(): Promise<void> {
    const { path, maxBytes, parse } = this.#options
    let stamp = 'unreadable'
    try {
      if (stampOf(await stat(path, { bigint: true })) === this.#stamp) return
      const file = await open(path, 'r')
      try {
        // Of the file that is read, which may be yet another one.
        const stats = await file.stat({ bigint: true })
        stamp = stampOf(stats)
        if (stats.size > maxBytes) throw new Error(`the file is over ${maxBytes} bytes`)
        const content = parse(await file.readFile())
        this.#stamp = stamp
        this.#value = { content }
        this.#failure = undefined
      } finally {
        await file.close()
      }
    } catch (error) {
      this.#fail(error, stamp)
    }
  }

  #fail(error: unknown, stamp: string): void {
    const known = this.#stamp === stamp
    this.#stamp = stamp
    this.#failure = error
    const { keepOld, path } = this.#options
    if (!keepOld) this.#value = undefined
    else if (this.#value && !known) keepOld.logger.error({ err: error, file: path }, keepOld.message)
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}
