import { chmodSync, closeSync, openSync } from 'node:fs'

/** Makes a file that only its owner can read, where it is missing, and puts the mode right where it is not. Answers its path. */
export function privateFile(file: string): string {
  closeSync(openSync(file, 'a', 0o600))
  if (process.platform !== 'win32') chmodSync(file, 0o600)
  return file
}
