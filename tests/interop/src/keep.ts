import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultCacheDirectory } from '@scitokens/conformance'

/** A directory of the cache, made at the first use; of two that make it at once the first one ready wins. */
export async function keep(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const cache = defaultCacheDirectory()
  const directory = join(cache, name)
  if (await exists(directory)) return directory
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const unfinished = await mkdtemp(join(cache, 'unfinished-'))
  try {
    await make(unfinished)
    await rename(unfinished, directory)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!(await exists(directory))) throw error
  }
  return directory
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
