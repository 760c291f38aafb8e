import { UndecidedError } from '@scitokens/core'
import type { Change, Entry, EntryKey, Store } from './store.ts'

/** What an entry shall be. */
export interface Updated<Value> {
  readonly value: Value
  /** Seconds since the epoch. Undefined: kept until removed. */
  readonly expiresAt?: number | undefined
}

const MAX_ATTEMPTS = 10

/**
 * Changes an entry by what it is, or makes it, whoever else is at it: then it is read again. Answers what it is now.
 *
 * @param next - what it shall be; undefined: it stays as it is. May throw, and is asked again where somebody was quicker.
 * @param more - what else has to hold and happens with it.
 */
export async function updateEntry<Value>(
  store: Store,
  key: EntryKey,
  next: (before: Value | undefined) => Updated<Value> | undefined,
  more: readonly Change[] = [],
): Promise<Value | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    // oxlint-disable no-await-in-loop -- each attempt needs the outcome of the one before
    const entry = await store.get<Value>(key)
    const updated = next(entry?.value)
    if (updated === undefined) return entry?.value
    if (await store.commit([changeOf(key, entry, updated), ...more])) return updated.value
    // oxlint-enable no-await-in-loop
  }
  throw new UndecidedError('undecided', 'too many changes of the same entry came at once, try again')
}

/** The step that makes an entry what it shall be, if it is still as it was read. */
export function changeOf<Value>(
  key: EntryKey,
  entry: Entry<Value> | undefined,
  { value, expiresAt }: Updated<Value>,
): Change {
  return entry ? { replace: entry, value, expiresAt } : { insert: { ...key, value, expiresAt } }
}
