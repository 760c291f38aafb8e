import { chmodSync, closeSync, openSync } from 'node:fs'

/**
 * Makes a file that only its owner can read, where it is missing, and puts the mode right where it is not. Answers its path.
 *
 * One that is there is not opened: to close it again would give up the locks that a database of this process holds on it
 * (sqlite.org/howtocorrupt.html, 2.2).
 */
export function privateFile(file: string): string {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (process.platform !== 'win32') chmodSync(file, 0o600)
  return file
}
