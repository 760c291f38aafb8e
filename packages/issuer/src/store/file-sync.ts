import { close, fdatasync, fsync, open } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const openFile = promisify(open)
const closeFile = promisify(close)
const syncFile = promisify(fdatasync)
const syncFolder = promisify(fsync)

/**
 * Waits until what was written to a file is on the disk, without keeping the process: whoever comes while the disk is at it shares the
 * next turn.
 */
export class FileSync {
  readonly #path: string
  #descriptor: number | undefined
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  /** @param path - of a file that is there at the first {@link sync}. */
  constructor(path: string) {
    this.#path = path
  }

  /** Ends when everything that was written before the call is on the disk. */
  sync(): Promise<void> {
    return (this.#next ??= this.#enqueue())
  }

  /** Ends when everything is on the disk. */
  async close(): Promise<void> {
    await this.#next?.catch(() => {})
    await this.#running.catch(() => {})
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) await closeFile(descriptor)
  }

  #enqueue(): Promise<void> {
    const turn = this.#running.then(
      () => this.#turn(),
      () => this.#turn(),
    )
    this.#running = turn
    return turn
  }

  async #turn(): Promise<void> {
    // Whatever is written from here on is of the next turn.
    this.#next = undefined
    if (this.#descriptor === undefined) {
      const descriptor = await openFile(this.#path, 'r+')
      await syncName(this.#path)
      this.#descriptor = descriptor
    }
    await syncFile(this.#descriptor)
  }
}

/** That a file is there at all is written in its folder: a file that is new is on the disk when its name is, too. */
async function syncName(path: string): Promise<void> {
  const folder = await openFile(dirname(path), 'r')
  try {
    await syncFolder(folder)
  } finally {
    await closeFile(folder)
  }
}
