// The Node build of `#digest`: SHA-256 at once, as 32 characters of one byte each.
import { hash } from 'node:crypto'

/** SHA-256 of a text, as a key for a map. */
export function digest(text: string): string | Promise<string> {
  return hash('sha256', text, 'binary')
}
