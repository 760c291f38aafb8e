import { lstat, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '@scitokens/core'

/** Rights of everybody else on a directory. */
const OTHERS = 0o007
const GROUP_OR_OTHERS_WRITE = 0o022
const STICKY = 0o1000

/**
 * Checks that nobody but its owner and its group can get at a Unix socket, or put another one in its place: whoever can connect is
 * believed, and a socket's own mode is not looked at by every system (unix(7)). The directory must belong to this account or to root, and
 * be closed to others and to writing by its group; so must nobody else be able to rename what lies above it.
 *
 * Throws `config_error`. A directory that is not there yet is not judged: nobody can listen in it either.
 *
 * @param path - of the socket.
 * @param key - the option that names it.
 */
export async function checkSocketDirectory(path: string, key: string): Promise<void> {
  const directory = dirname(resolve(path))
  const real = await realpath(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new ConfigError('config_error', `${key}: the directory ${directory} cannot be looked at (${error.code})`)
  })
  if (real === undefined) return
  // The way as it is written, with its links, and the way that it really is.
  for (const place of new Set([...ancestors(directory), ...ancestors(real)])) {
    // oxlint-disable-next-line no-await-in-loop -- from the root on
    const { uid, mode, isLink } = await look(place, key)
    if (!isOurs(uid))
      throw new ConfigError(
        'config_error',
        `${key}: ${place} belongs to another account, who could put another socket there`,
      )
    if (!isLink && (mode & GROUP_OR_OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) {
      throw new ConfigError(
        'config_error',
        `${key}: others can write in ${place}, and so put another socket there: chmod go-w`,
      )
    }
    if (place !== real) continue
    if ((mode & OTHERS) !== 0) {
      throw new ConfigError(
        'config_error',
        `${key}: whoever can open ${place} is believed to be the front end, so close it to others (chmod o=) and give it the front end's group`,
      )
    }
  }
}

function ancestors(directory: string): string[] {
  const parent = dirname(directory)
  return parent === directory ? [directory] : [...ancestors(parent), directory]
}

async function look(place: string, key: string): Promise<{ uid: number; mode: number; isLink: boolean }> {
  try {
    const found = await lstat(place)
    return { uid: found.uid, mode: found.mode, isLink: found.isSymbolicLink() }
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `${key}: ${place} cannot be looked at (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
}

function isOurs(uid: number): boolean {
  // Windows has no owners of this kind, and no Unix sockets of this kind either.
  return uid === 0 || process.getuid === undefined || uid === process.getuid()
}
