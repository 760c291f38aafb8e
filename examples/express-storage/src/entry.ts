import type { BigIntStats } from 'node:fs'

/** A file or directory, as the outside sees it. */
export interface Entry {
  /** Absolute in the storage's namespace, not percent-encoded; a directory's ends in `/`. */
  readonly path: string
  readonly directory: boolean
  /** In bytes; 0 for a directory. */
  readonly size: number
  readonly modified: Date
  /** A strong validator: another content is another inode, as every write goes through a new file. */
  readonly etag: string
}

/** Describes what `stat` found at `path`. */
export function entryOf(path: string, stats: BigIntStats): Entry {
  const directory = stats.isDirectory()
  const bare = path.replace(/\/+$/, '')
  return {
    path: directory ? `${bare}/` : bare,
    directory,
    size: directory ? 0 : Number(stats.size),
    modified: stats.mtime,
    etag: `"${[stats.ino, stats.size, stats.mtimeNs].map((part) => part.toString(36)).join('-')}"`,
  }
}
