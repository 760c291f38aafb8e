import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { databaseFiles } from './trusted-path.ts'

/**
 * Gives a file or directory another name in the same place, so that it can be made anew and somebody can look at what was there.
 *
 * Throws the file system's error when it cannot be renamed; what is not there is no error.
 *
 * @returns the new name.
 */
export function setAside(path: string): string {
  const aside = newName(path)
  renameIfThere(path, aside)
  return aside
}

/** As {@link setAside}, for a database with what SQLite lays beside it. */
export function setDatabaseAside(file: string): string {
  const aside = newName(file)
  const targets = databaseFiles(aside)
  // Journals first: who is interrupted here leaves no journal beside a database that is made anew.
  for (const [index, path] of [...databaseFiles(file).entries()].toReversed()) renameIfThere(path, targets[index]!)
  return aside
}

function newName(path: string): string {
  return `${path}.set-aside-${randomBytes(6).toString('hex')}`
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    // There is none, or another process has set it aside.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
