import { stat } from 'node:fs/promises'

/**
 * Looks at files now and then, and tells when one has changed. It asks for what stands at the path instead of waiting for events: those
 * are not told on network file systems, and not of a link that leads elsewhere now, which is how containers get new certificates.
 */
export class FileWatch {
  readonly #seconds: number
  readonly #onChange: () => void
  #seen: ReadonlyMap<string, string> = new Map()
  #timer: NodeJS.Timeout | undefined
  #looking = false

  /**
   * @param seconds - between two looks; 0: never looks.
   * @param onChange - called once for any number of files that changed since the last look.
   */
  constructor(seconds: number, onChange: () => void) {
    this.#seconds = seconds
    this.#onChange = onChange
  }

  /** Looks at these files from now on, and at no others. What they are now is no change. */
  async watch(files: readonly string[]): Promise<void> {
    this.#seen = await fingerprints(files)
    if (this.#seconds > 0) this.#timer ??= setInterval(() => void this.#look(), this.#seconds * 1000).unref()
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    // A file system that hangs is not asked again before it has answered.
    if (this.#looking) return
    this.#looking = true
    const before = this.#seen
    const now = await fingerprints([...before.keys()])
    this.#looking = false
    // Somebody has named other files meanwhile.
    if (this.#seen !== before) return
    this.#seen = now
    if ([...now].some(([file, print]) => before.get(file) !== print)) this.#onChange()
  }
}

async function fingerprints(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const prints = files.map(async (file) => {
    const print = await stat(file, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs }) => [dev, ino, size, mtimeNs].join(' '),
      (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
    )
    return [file, print] as const
  })
  return new Map(await Promise.all(prints))
}
