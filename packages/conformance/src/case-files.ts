import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '@scitokens/core'

/** The directory of this package's own cases. */
export const OWN_CASES: string = fileURLToPath(new URL('../cases/', import.meta.url))

/** Files stand for themselves, directories for the `*.json` in them, nothing for {@link OWN_CASES}. Throws `config_error`. */
export async function caseFilePaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all((paths.length === 0 ? [OWN_CASES] : paths).map(filesOf))
  return found.flat()
}

async function filesOf(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => name.endsWith('.json')).toSorted()
    if (names.length > 0) return names.map((name) => join(path, name))
  } catch (cause) {
    throw new ConfigError('config_error', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  throw new ConfigError('config_error', `the directory ${path} has no case file`)
}
