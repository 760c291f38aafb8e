/** What went wrong, in the words of a file system. HTTP is the business of `webdav.ts`. */
export type StorageProblem =
  | 'not_found'
  | 'exists'
  | 'no_parent'
  | 'is_directory'
  | 'not_a_directory'
  | 'forbidden'
  | 'changed'
  | 'busy'
  | 'wrong_offset'
  | 'no_space'

/** A request that the storage cannot carry out. Anything else that it throws is a fault of the machine. */
export class StorageError extends Error {
  readonly problem: StorageProblem
  /** Bytes that are there already, for `wrong_offset`. */
  readonly received: number | undefined

  constructor(problem: StorageProblem, message: string, received?: number) {
    super(message)
    this.name = 'StorageError'
    this.problem = problem
    this.received = received
  }
}

const BY_ERRNO: Readonly<Record<string, readonly [StorageProblem, string]>> = {
  ENOENT: ['not_found', 'there is no such file or directory'],
  ENAMETOOLONG: ['forbidden', 'the name is too long'],
  ENOTDIR: ['not_found', 'part of the path is a file'],
  EISDIR: ['is_directory', 'this is a directory'],
  EEXIST: ['exists', 'this exists already'],
  ENOTEMPTY: ['exists', 'this exists already'],
  ELOOP: ['not_found', 'there is no such file or directory'],
  EACCES: ['forbidden', 'the storage may not do this'],
  EPERM: ['forbidden', 'the storage may not do this'],
  EROFS: ['forbidden', 'the storage is read-only'],
  ENOSPC: ['no_space', 'the storage is full'],
  EDQUOT: ['no_space', 'the quota is used up'],
}

/** The same failure in the storage's words; no path of the machine is in its message. */
export function storageError(error: unknown): unknown {
  const known = BY_ERRNO[(error as NodeJS.ErrnoException | undefined)?.code ?? '']
  return known ? new StorageError(...known) : error
}
