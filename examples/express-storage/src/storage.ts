import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { cp, type FileHandle, link, lstat, mkdir, open, readdir, realpath, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Entry, entryOf } from './entry.ts'
import { StorageError, storageError } from './storage-error.ts'

/** Options of {@link FileStorage.open}. */
export interface FileStorageOptions {
  /** Directory whose content is served. Made if missing. */
  readonly root: string
  /** Where uploads wait until they are whole: on the same file system, outside `root`. Default: `<root>.incoming`. */
  readonly incoming?: string
}

/** A file that has been opened. Whoever opens it closes it. */
export interface OpenFile {
  readonly entry: Entry
  readonly handle: FileHandle
}

/** What may happen to something that is there already. */
export interface Replace {
  /** False: an existing target is an error, decided by the file system itself, so that nobody can slip in between. */
  readonly replace: boolean
}

/**
 * Files below one directory. It knows nothing of HTTP or tokens: it is told paths that a guard has judged, absolute and decoded
 * (`/store/ana/x.txt`), and does exactly what they say. A symbolic link anywhere in a path is treated as absent, because
 * a link would make the path that was judged another one than the path that is served.
 */
export class FileStorage {
  readonly root: string
  readonly incoming: string

  private constructor(root: string, incoming: string) {
    this.root = root
    this.incoming = incoming
  }

  /** Makes the two directories and forgets unfinished uploads of earlier runs that nobody came back for within a day. */
  static async open({ root, incoming = `${root}.incoming` }: FileStorageOptions): Promise<FileStorage> {
    for (const directory of [root, incoming]) await mkdir(directory, { recursive: true, mode: 0o700 })
    const storage = new FileStorage(await realpath(root), await realpath(incoming))
    await storage.#forgetOldUploads()
    return storage
  }

  /** The entry at a path, or undefined where there is none. */
  async stat(path: string): Promise<Entry | undefined> {
    try {
      return await this.#entry(path)
    } catch (error) {
      // Nothing here can have such a name; who wants to make it is told so.
      if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return undefined
      const known = storageError(error)
      if (known instanceof StorageError && known.problem === 'not_found') return undefined
      throw known
    }
  }

  /** The entries of a directory, by name. Links and special files are left out. */
  async list(path: string): Promise<readonly Entry[]> {
    return inStorageWords(async () => {
      const directory = await this.#entry(path)
      if (!directory.directory) throw new StorageError('not_a_directory', 'this is a file')
      const names = await readdir(this.#locate(path))
      const entries = await Promise.all(names.toSorted().map((name) => this.stat(`${directory.path}${name}`)))
      return entries.filter((entry) => entry !== undefined)
    })
  }

  /** Opens a file for reading. */
  async openFile(path: string): Promise<OpenFile> {
    return inStorageWords(async () => {
      const entry = await this.#entry(path)
      if (entry.directory) throw new StorageError('is_directory', 'this is a directory')
      // O_NONBLOCK: were the file swapped for a named pipe meanwhile, opening it would wait for ever.
      const handle = await open(this.#locate(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      const stats = await handle.stat({ bigint: true })
      if (stats.isFile()) return { entry: entryOf(path, stats), handle }
      await handle.close()
      throw new StorageError('not_found', 'this is no file')
    })
  }

  /** Writes a whole file: into a new one first, which then takes its place in one step. Missing parents are made. */
  async write(path: string, content: AsyncIterable<Uint8Array>, { replace }: Replace): Promise<Entry> {
    const temporary = join(this.incoming, `${randomUUID()}.tmp`)
    return inStorageWords(async () => {
      this.#locateFile(path)
      try {
        const handle = await open(temporary, 'wx', 0o600)
        await pipeline(content, handle.createWriteStream({ flush: true }))
        return await this.place(temporary, path, { replace })
      } finally {
        await rm(temporary, { force: true })
      }
    })
  }

  /** Moves a finished upload to its place. */
  async place(temporary: string, path: string, { replace }: Replace): Promise<Entry> {
    return inStorageWords(async () => {
      const target = this.#locateFile(path)
      await this.#makeParents(path)
      const existing = await this.stat(path)
      if (existing?.directory) throw new StorageError('is_directory', 'this is a directory')
      if (!existing) await this.#refuseHidden(target)
      if (replace) await rename(temporary, target)
      else {
        await link(temporary, target) // fails where the target has appeared meanwhile
        await unlink(temporary)
      }
      return await this.#entry(path)
    })
  }

  /** Makes one directory. Throws `exists`, and `no_parent` where its parent is missing. */
  async makeDirectory(path: string): Promise<Entry> {
    return inStorageWords(async () => {
      const target = this.#locate(path)
      await this.#requireParent(target)
      await mkdir(target, { mode: 0o700 })
      return await this.#entry(path)
    })
  }

  /** Removes a file, or a directory with all that is in it. A directory disappears in one step. */
  async remove(path: string): Promise<void> {
    return inStorageWords(async () => {
      const entry = await this.#entry(path)
      const target = this.#locateInside(path)
      if (!entry.directory) return await unlink(target)
      const doomed = join(this.incoming, `${randomUUID()}.tmp`)
      await rename(target, doomed)
      await rm(doomed, { recursive: true, force: true })
    })
  }

  /** Renames a file or directory. Throws `no_parent`, `exists`. */
  async move(from: string, to: string, { replace }: Replace): Promise<Entry> {
    return inStorageWords(async () => {
      const { source, target, entry, existing } = await this.#bothEnds(from, to, replace)
      if (existing) await this.remove(to)
      if (entry.directory) await rename(source, target)
      else {
        await link(source, target)
        await unlink(source)
      }
      return await this.#entry(to)
    })
  }

  /** Copies a file or a whole directory; links in it are left out. Throws as {@link move}. */
  async copy(from: string, to: string, { replace }: Replace): Promise<Entry> {
    const temporary = join(this.incoming, `${randomUUID()}.tmp`)
    return inStorageWords(async () => {
      const { source, target, entry, existing } = await this.#bothEnds(from, to, replace)
      try {
        await cp(source, temporary, { recursive: true, filter: async (name) => isServed(await lstat(name)) })
        if (existing) await this.remove(to)
        if (entry.directory) await rename(temporary, target)
        else await link(temporary, target)
      } finally {
        await rm(temporary, { recursive: true, force: true })
      }
      return await this.#entry(to)
    })
  }

  async #bothEnds(from: string, to: string, replace: boolean): Promise<BothEnds> {
    const entry = await this.#entry(from)
    const source = this.#locateInside(from)
    const target = this.#locateInside(to)
    if (`${target}/`.startsWith(`${source}/`) || `${source}/`.startsWith(`${target}/`)) {
      throw new StorageError('forbidden', 'one of the two places lies in the other')
    }
    await this.#requireParent(target)
    const existing = (await this.stat(to)) !== undefined
    if (!existing) await this.#refuseHidden(target)
    else if (!replace) throw new StorageError('exists', 'the target exists already')
    return { source, target, entry, existing }
  }

  async #entry(path: string): Promise<Entry> {
    const target = this.#locate(path)
    const stats = await lstat(target, { bigint: true })
    // realpath also settles file systems that do not distinguish case: only the name as it is stored is that name.
    if (!isServed(stats) || (await realpath(target)) !== target) {
      throw new StorageError('not_found', 'there is no such file or directory')
    }
    if (path.endsWith('/') && !stats.isDirectory()) throw new StorageError('not_found', 'there is no such directory')
    return entryOf(path, stats)
  }

  /** The one place where a path of the namespace becomes a path of the machine. */
  #locate(path: string): string {
    if (!path.startsWith('/') || path.includes('\0')) throw new StorageError('forbidden', 'this is no absolute path')
    const names = path.split('/').filter((name) => name !== '')
    if (names.some((name) => name === '.' || name === '..' || name.includes('\\'))) {
      throw new StorageError('forbidden', 'the path is not in its normal form')
    }
    return join(this.root, ...names)
  }

  #locateInside(path: string): string {
    const target = this.#locate(path)
    if (target === this.root) throw new StorageError('forbidden', 'the root stays where it is')
    return target
  }

  #locateFile(path: string): string {
    if (path.endsWith('/')) throw new StorageError('is_directory', 'the name of a file does not end in a slash')
    return this.#locateInside(path)
  }

  async #requireParent(target: string): Promise<void> {
    const parent = dirname(target)
    const real = await realpath(parent).catch(() => undefined)
    if (real !== parent || !(await lstat(parent)).isDirectory()) {
      throw new StorageError('no_parent', 'the directory above is missing')
    }
  }

  /** WLCG profile 1.3 section 2.2.1: the right to create a file carries the right to make the directories that it needs. */
  async #makeParents(path: string): Promise<void> {
    const names = path.split('/').slice(1, -1)
    for (let depth = 1; depth <= names.length; depth++) {
      const directory = `/${names.slice(0, depth).join('/')}`
      await this.makeDirectory(directory).catch((error: unknown) => {
        if (!(error instanceof StorageError && error.problem === 'exists')) throw error
      })
    }
    await this.#requireParent(this.#locate(path))
  }

  /** Something is there that is not served, a link or a device: it is nobody's to replace. */
  async #refuseHidden(target: string): Promise<void> {
    const hidden = await lstat(target).catch(() => undefined)
    if (hidden) throw new StorageError('forbidden', 'something that is not served is in the way')
  }

  async #forgetOldUploads(): Promise<void> {
    const dayAgo = Date.now() - 86_400_000
    for (const name of await readdir(this.incoming)) {
      if (!/\.(?:tmp|part)$/.test(name)) continue
      const file = join(this.incoming, name)
      const stats = await lstat(file).catch(() => undefined)
      if (stats && stats.mtimeMs < dayAgo) await rm(file, { recursive: true, force: true })
    }
  }
}

/** Source and target of a move or copy, on the machine. */
interface BothEnds {
  readonly source: string
  readonly target: string
  readonly entry: Entry
  readonly existing: boolean
}

function isServed(stats: { isFile(): boolean; isDirectory(): boolean }): boolean {
  return stats.isFile() || stats.isDirectory()
}

async function inStorageWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageError(error)
  }
}
