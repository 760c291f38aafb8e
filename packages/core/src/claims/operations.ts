import { answersTo, type CapabilityOptions } from './capabilities.ts'
import { coversPath, type Path, withoutTrailingSlash } from './paths.ts'
import type { Scope } from './scope.ts'

/** What a storage service does, rather than what it is called in a token. WLCG profile 1.3 section 2.2.1. */
export type StorageOperation =
  | 'stat'
  | 'read'
  | 'list'
  | 'createFile'
  | 'mkdir'
  | 'overwrite'
  | 'truncate'
  | 'delete'
  | 'rename'
  | 'stage'
  | 'evict'
  | 'poll'

/** Every operation on storage that a token can be asked about. */
export const STORAGE_OPERATIONS: readonly StorageOperation[] = [
  'stat',
  'read',
  'list',
  'createFile',
  'mkdir',
  'overwrite',
  'truncate',
  'delete',
  'rename',
  'stage',
  'evict',
  'poll',
]

/**
 * Authorizations of either family, each of which is enough. All but poll give stat; modify includes create; stage does not
 * read; create does not overwrite or delete. Listing is not defined by the profile; services in the field give it to read.
 */
const ENOUGH: Readonly<Record<Exclude<StorageOperation, 'rename'>, readonly string[]>> = {
  stat: ['read', 'write', 'storage.read', 'storage.create', 'storage.modify', 'storage.stage'],
  read: ['read', 'storage.read'],
  list: ['read', 'storage.read'],
  createFile: ['write', 'create', 'storage.create', 'storage.modify'],
  mkdir: ['write', 'create', 'storage.create', 'storage.modify'],
  overwrite: ['write', 'modify', 'storage.modify'],
  truncate: ['write', 'modify', 'storage.modify'],
  delete: ['write', 'modify', 'storage.modify'],
  stage: ['storage.stage'],
  evict: ['storage.stage'],
  poll: ['storage.poll', 'storage.stage'],
}

/** The authorizations that an operation on one path can be done with, any one of them. */
export function authorizationsFor(operation: Exclude<StorageOperation, 'rename'>): readonly string[] {
  return ENOUGH[operation]
}

/** An operation and where it is done; `to` for rename only. */
export interface OperationRequest {
  /** The operation that is to be done. */
  readonly operation: StorageOperation
  /** Where, as {@link parseRequestPath} gives it. */
  readonly path: Path
  /** The new name of a rename. The target must not exist: replacing a file is an overwrite as well. */
  readonly to?: Path
}

/** Where a token's scopes are looked up. */
export interface ScopeFinder {
  /** The first scope that goes by one of the names and covers the path. */
  covering(names: readonly string[], path: Path): Scope | undefined
  /** The first scope that goes by one of the names and whose path is `directory` (with its slash) or lies below it. */
  below(names: readonly string[], directory: Path): Scope | undefined
}

/** The scope that lets the operation be done, or undefined. */
export function findOperationPermission(
  scopes: readonly Scope[],
  request: OperationRequest,
  options: CapabilityOptions,
): Scope | undefined {
  const find = (names: readonly string[], reaches: (scope: Scope) => boolean): Scope | undefined =>
    scopes.find((scope) => names.some((authz) => answersTo(scope, authz, options)) && reaches(scope))
  return judgeOperation(request, {
    covering: (names, path) => find(names, (scope) => coversPath(scope.path, path)),
    below: (names, directory) => find(names, (scope) => coversPath(directory, scope.path)),
  })
}

/** As {@link findOperationPermission}, wherever the scopes are. */
export function judgeOperation({ operation, path, to }: OperationRequest, scopes: ScopeFinder): Scope | undefined {
  if (operation === 'rename') {
    // Both ends: what may create there may rename between them (WLCG profile 1.3: files inside its area).
    return to !== undefined && scopes.covering(ENOUGH.createFile, to)
      ? scopes.covering(ENOUGH.createFile, path)
      : undefined
  }
  if (operation !== 'mkdir') return scopes.covering(ENOUGH[operation], path)
  // A new directory is one however its name is spelt, so "/foo/" may make "/foo"; and `storage.create:/foo/bar` lets the
  // missing "/foo" be made, as a directory. WLCG profile 1.3 section 2.2.1.
  const directory = `${withoutTrailingSlash(path)}/` as Path
  return scopes.covering(ENOUGH.mkdir, directory) ?? scopes.below(ENOUGH.mkdir, directory)
}
