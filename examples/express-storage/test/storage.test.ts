import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileStorage } from '../src/storage.ts'

let directory: string
let storage: FileStorage
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'storage-test-')))
  storage = await FileStorage.open({ root: join(directory, 'root') })
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function* content(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}
const write = (path: string, text: string, replace = true) => storage.write(path, content(text), { replace })
async function read(path: string): Promise<string> {
  const { handle } = await storage.openFile(path)
  try {
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
const problem = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no problem',
    (error: { problem?: string }) => error.problem ?? error,
  )

describe('writing', () => {
  it('makes the directories that a file needs, and reads back what was written', async () => {
    const entry = await write('/a/b/c.txt', 'hello')
    expect(entry).toMatchObject({ path: '/a/b/c.txt', size: 5, directory: false })
    expect(await read('/a/b/c.txt')).toBe('hello')
  })

  it('shows nothing under the name until all of it is there, and leaves nothing when it breaks off', async () => {
    await write('/x', 'old')
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      expect(await read('/x')).toBe('old')
      throw new Error('the client is gone')
    }
    await expect(storage.write('/x', broken(), { replace: true })).rejects.toThrow('the client is gone')
    expect(await read('/x')).toBe('old')
    expect(await readdir(storage.incoming)).toEqual([])
  })

  it('does not replace without leave, even where the file appears in the middle of the upload', async () => {
    async function* overtaken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('mine')
      await write('/x', 'theirs')
    }
    expect(await problem(storage.write('/x', overtaken(), { replace: false }))).toBe('exists')
    expect(await read('/x')).toBe('theirs')
    expect(await readdir(storage.incoming)).toEqual([])
  })

  it('gives every content an entity tag of its own', async () => {
    const first = await write('/x', 'one')
    const second = await write('/x', 'two')
    expect(second.etag).not.toBe(first.etag)
  })

  it('replaces no directory by a file', async () => {
    await storage.makeDirectory('/d')
    expect(await problem(write('/d', 'x'))).toBe('is_directory')
    expect(await problem(write('/d/', 'x'))).toBe('is_directory')
  })
})

describe('paths', () => {
  it.each(['relative', '/a/../b', '/..', '/./a', '/a\\b', '/nul\0'])(
    'refuses %j, which no guard lets through',
    async (path) => {
      expect(await problem(storage.openFile(path))).toBe('forbidden')
      expect(await problem(write(path, 'x'))).toBe('forbidden')
    },
  )

  it('a trailing slash names a directory only', async () => {
    await write('/f', 'x')
    await storage.makeDirectory('/d')
    expect(await storage.stat('/f/')).toBeUndefined()
    expect(await storage.stat('/d/')).toMatchObject({ directory: true, path: '/d/' })
    expect(await storage.stat('/d')).toMatchObject({ directory: true, path: '/d/' })
  })

  it('the root can be listed, but not removed, moved or replaced', async () => {
    expect(await storage.list('/')).toEqual([])
    expect(await problem(storage.remove('/'))).toBe('forbidden')
    await storage.makeDirectory('/d')
    expect(await problem(storage.move('/', '/d/x', { replace: true }))).toBe('forbidden')
    expect(await problem(storage.copy('/d', '/', { replace: true }))).toBe('forbidden')
  })
})

describe('symbolic links', () => {
  beforeEach(async () => {
    await mkdir(join(directory, 'outside'))
    await writeFile(join(directory, 'outside', 'secret'), 'secret')
    await write('/real/file', 'real')
    await symlink(join(directory, 'outside'), join(storage.root, 'escape'))
    await symlink(join(directory, 'outside', 'secret'), join(storage.root, 'alias'))
    await symlink('real', join(storage.root, 'within'))
    await symlink('nowhere', join(storage.root, 'dangling'))
  })

  it.each(['/escape', '/escape/secret', '/alias', '/within', '/within/file', '/dangling'])(
    '%s is as good as absent',
    async (path) => {
      expect(await storage.stat(path)).toBeUndefined()
      expect(await problem(storage.openFile(path))).toBe('not_found')
      expect(await problem(storage.list(path))).toBe('not_found')
      expect(await problem(storage.remove(path))).toBe('not_found')
      expect(await problem(storage.copy(path, '/copy', { replace: true }))).toBe('not_found')
      expect(await problem(storage.move(path, '/moved', { replace: true }))).toBe('not_found')
    },
  )

  it.each(['/escape/new', '/within/new'])('nothing is written through one: %s', async (path) => {
    expect(await problem(write(path, 'x'))).not.toBe('no problem')
    expect(await problem(storage.makeDirectory(path))).toBe('no_parent')
    expect(await problem(storage.move('/real/file', path, { replace: true }))).toBe('no_parent')
    expect(await problem(storage.copy('/real/file', path, { replace: true }))).toBe('no_parent')
    expect(await readdir(join(directory, 'outside'))).toEqual(['secret'])
    expect(await readdir(join(storage.root, 'real'))).toEqual(['file'])
  })

  it.each(['/alias', '/dangling'])('nothing replaces one: %s', async (path) => {
    expect(await problem(write(path, 'x'))).toBe('forbidden')
    expect(await problem(storage.move('/real/file', path, { replace: true }))).toBe('forbidden')
    expect(await readFile(join(directory, 'outside', 'secret'), 'utf8')).toBe('secret')
  })

  it('are neither listed nor copied', async () => {
    await symlink(join(directory, 'outside', 'secret'), join(storage.root, 'real', 'link'))
    expect((await storage.list('/')).map(({ path }) => path)).toEqual(['/real/'])
    await storage.copy('/real', '/copy', { replace: false })
    expect(await readdir(join(storage.root, 'copy'))).toEqual(['file'])
  })

  it('removing a directory that holds one leaves its target alone', async () => {
    await symlink(join(directory, 'outside'), join(storage.root, 'real', 'link'))
    await storage.remove('/real')
    expect(await readFile(join(directory, 'outside', 'secret'), 'utf8')).toBe('secret')
  })
})

describe('directories', () => {
  it('are made one at a time', async () => {
    expect(await problem(storage.makeDirectory('/a/b'))).toBe('no_parent')
    await storage.makeDirectory('/a')
    expect(await problem(storage.makeDirectory('/a'))).toBe('exists')
    await storage.makeDirectory('/a/b/')
    expect((await storage.list('/a')).map(({ path }) => path)).toEqual(['/a/b/'])
  })

  it('are removed with all that is in them', async () => {
    await write('/a/b/c', 'x')
    await storage.remove('/a')
    expect(await storage.list('/')).toEqual([])
    expect(await readdir(storage.incoming)).toEqual([])
  })
})

describe.each(['move', 'copy'] as const)('%s', (verb) => {
  const gone = verb === 'move'

  it('takes a file to its new name', async () => {
    await write('/a', 'x')
    await storage[verb]('/a', '/b', { replace: false })
    expect(await read('/b')).toBe('x')
    expect((await storage.stat('/a')) === undefined).toBe(gone)
  })

  it('takes a whole directory', async () => {
    await write('/a/b/c', 'x')
    await storage[verb]('/a', '/d', { replace: false })
    expect(await read('/d/b/c')).toBe('x')
    expect((await storage.stat('/a/b/c')) === undefined).toBe(gone)
  })

  it('replaces only with leave', async () => {
    await write('/a', 'new')
    await write('/b', 'old')
    expect(await problem(storage[verb]('/a', '/b', { replace: false }))).toBe('exists')
    expect(await read('/b')).toBe('old')
    await storage[verb]('/a', '/b', { replace: true })
    expect(await read('/b')).toBe('new')
  })

  it('does not put a directory into itself, or itself in place of its parent', async () => {
    await write('/a/b/c', 'x')
    expect(await problem(storage[verb]('/a', '/a/b/d', { replace: true }))).toBe('forbidden')
    expect(await problem(storage[verb]('/a/b', '/a', { replace: true }))).toBe('forbidden')
    expect(await problem(storage[verb]('/a', '/a', { replace: true }))).toBe('forbidden')
    expect(await read('/a/b/c')).toBe('x')
  })

  it('wants the new place’s directory to be there', async () => {
    await write('/a', 'x')
    expect(await problem(storage[verb]('/a', '/no/b', { replace: false }))).toBe('no_parent')
  })
})

it('forgets unfinished uploads after a day, and not before', async () => {
  await writeFile(join(storage.incoming, 'old.tmp'), 'x')
  await writeFile(join(storage.incoming, 'new.part'), 'x')
  const longAgo = new Date(Date.now() - 2 * 86_400_000)
  await utimes(join(storage.incoming, 'old.tmp'), longAgo, longAgo)
  await FileStorage.open({ root: storage.root })
  expect(await readdir(storage.incoming)).toEqual(['new.part'])
})
