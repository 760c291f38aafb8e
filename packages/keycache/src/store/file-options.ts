import { basename, dirname } from 'node:path'
import { callable, flag, type OptionReaders, readOptions } from '@scitokens/core/internal'
import { guardDatabase, type GuardOptions } from '@scitokens/host/files'

/** Options of a store in a file. */
export interface FileOptions {
  /** Change and make nothing; what somebody else could have written is refused. Default: false. */
  readonly readOnly?: boolean
  /** Hears of what was set aside. Default: `process.emitWarning`. */
  readonly warn?: (message: string) => void
}

const READERS: OptionReaders<FileOptions> = {
  readOnly: flag,
  warn: callable<NonNullable<FileOptions['warn']>>(),
}

/** The directory that the SciTokens libraries share. The others make it with the caller's umask, which may let somebody else in. */
const SHARED_DIRECTORY = 'scitokens'

/**
 * Makes sure that nobody but this user (or root) can have written a cache file: whoever can write it can mint tokens. See
 * {@link guardDatabase}.
 */
export function guardStoreFile(
  file: string,
  options: FileOptions,
  more: Pick<GuardOptions, 'mode' | 'shared'> = {},
): ReturnType<typeof guardDatabase> {
  const remakeDirectory = basename(dirname(file)) === SHARED_DIRECTORY
  return guardDatabase(file, { ...readOptions<FileOptions>(options, READERS), ...more, remakeDirectory })
}
