import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Something that the person at the keyboard can mend; its message is one sentence. */
export class DemoError extends Error {}

/** A new directory that only its owner can enter, and how to remove it. */
export interface WorkingDirectory {
  readonly path: string
  remove(): void
}

/** Makes the directory in which everything of this run happens. */
export function makeWorkingDirectory(parent: string = tmpdir()): WorkingDirectory {
  let path: string
  try {
    path = mkdtempSync(join(parent, 'scitokens-first-token-'))
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code
    throw new DemoError(
      `The temporary directory ${parent} cannot be used (${why}): set TMPDIR to one that can be written.`,
    )
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
