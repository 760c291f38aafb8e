import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path'

/** Links that are followed on the way to one directory, as Linux has it. path_resolution(7). */
const MAX_LINKS = 40

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/** User ids whose files are believed. */
export type TrustedOwners = ReadonlySet<number>

/**
 * This user, root, and whoever owns the root of the file system: that one can replace every program anyhow, and in a container
 * without privileges it is how the machine's root looks. Undefined where files have no owners (Windows): there, profile directories keep
 * others out.
 */
export function ownersTrustedHere(): TrustedOwners | undefined {
  return process.geteuid === undefined ? undefined : new Set([0, process.geteuid(), statSync('/').uid])
}

/**
 * Who else than this user and root could have written what lies in a directory: a sentence about the first step on the way to it that
 * is in other hands; undefined when nobody could.
 *
 * Each component is looked at, links and what they lead to included: its owner is trusted, and no others can write it. Above the
 * directory itself a sticky one such as /tmp is fine, since nobody can replace there what is another's.
 *
 * Throws the file system's error for what is not there.
 */
export function directoryInOtherHands(
  directory: string,
  owners: TrustedOwners | undefined = ownersTrustedHere(),
): string | undefined {
  if (owners === undefined) return undefined
  const end = walk(directory, owners)
  return typeof end === 'string' ? end : judge(end.path, end.stats, owners, 'itself')
}

/**
 * Who else could have written a file, or could put another one in its place: a sentence about the first step on the way to it that is in
 * other hands, or about the file itself; undefined when nobody could. As {@link directoryInOtherHands}, but the file may lie in a sticky
 * directory.
 *
 * Throws the file system's error for what is not there.
 */
export function fileInOtherHands(
  file: string,
  owners: TrustedOwners | undefined = ownersTrustedHere(),
): string | undefined {
  if (owners === undefined) return undefined
  const end = walk(file, owners)
  return typeof end === 'string' ? end : judgeFile(end.path, end.stats, owners)
}

/** Goes to a file or directory step by step: where the way ends, or a sentence about a step that is in other hands. */
function walk(destination: string, owners: TrustedOwners): { readonly path: string; readonly stats: Stats } | string {
  const { root } = parse(resolve(destination))
  const ahead = namesOf(resolve(destination).slice(root.length))
  let path = root
  let stats = lstatSync(root)
  let links = 0
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const problem = judge(path, stats, owners, 'above')
    if (problem !== undefined) return problem
    const next = name === '..' ? dirname(path) : join(path, name)
    const found = lstatSync(next)
    if (!found.isSymbolicLink()) {
      path = next
      stats = found
      continue
    }
    if (!owners.has(found.uid)) return `the link ${next} belongs to another user`
    if (++links > MAX_LINKS) return `too many links lead to ${destination}`
    const target = readlinkSync(next)
    ahead.unshift(...namesOf(target))
    if (!isAbsolute(target)) continue
    path = root
    stats = lstatSync(root)
  }
  return { path, stats }
}

/**
 * Who else could have written a database: a sentence about the first of its files (itself and what SQLite lays beside it: a journal that
 * somebody planted is believed like the database) that is in other hands; undefined when there is none. Of its directory,
 * {@link directoryInOtherHands} tells.
 */
export function databaseInOtherHands(
  file: string,
  owners: TrustedOwners | undefined = ownersTrustedHere(),
): string | undefined {
  if (owners === undefined) return undefined
  for (const path of databaseFiles(file)) {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    const problem = stats && judgeFile(path, stats, owners)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A database and the files that SQLite lays beside it. https://sqlite.org/tempfiles.html */
export function databaseFiles(file: string): string[] {
  return ['', '-journal', '-wal', '-shm'].map((suffix) => file + suffix)
}

function judgeFile(path: string, stats: Stats, owners: TrustedOwners): string | undefined {
  if (!owners.has(stats.uid)) return `${path} belongs to another user`
  // A link has no mode of its own.
  if (!stats.isSymbolicLink() && (stats.mode & WRITABLE_BY_OTHERS) !== 0) return `${path} can be written by others`
  return undefined
}

function judge(path: string, stats: Stats, owners: TrustedOwners, place: 'above' | 'itself'): string | undefined {
  if (!owners.has(stats.uid)) return `the directory ${path} belongs to another user`
  if ((stats.mode & WRITABLE_BY_OTHERS) === 0) return undefined
  if (place === 'above' && (stats.mode & STICKY) !== 0) return undefined
  // What lies below is looked at as well: this hides nothing that others have put there.
  const remedy = stats.uid === process.geteuid?.() ? ' (chmod go-w)' : ''
  return `the directory ${path} can be written by others${remedy}`
}

function namesOf(path: string): string[] {
  return path.split(sep).filter((name) => name !== '' && name !== '.')
}
