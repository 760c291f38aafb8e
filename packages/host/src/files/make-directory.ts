import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/**
 * Makes a directory and the missing ones above it, one level at a time. `mkdir` with `recursive` asks again and again, for ever, where a
 * file system says of a new name that there is no such directory: /proc does, and so does the automounter where a home is not there.
 *
 * Throws `config_error`, naming the directory that could not be made.
 *
 * @param mode - of those that are made, less the process's umask. Default: 0700.
 */
export function makeDirectory(directory: string, mode = 0o700): void {
  for (const level of missingLevels(resolve(directory))) makeLevel(level, mode)
}

/** The directories that are not there, the uppermost first. */
function missingLevels(directory: string): string[] {
  const missing: string[] = []
  for (let level = directory; !isDirectory(level); level = dirname(level)) missing.unshift(level)
  return missing
}

function makeLevel(level: string, mode: number): void {
  try {
    mkdirSync(level, { mode })
  } catch (cause) {
    // Another process was quicker; or a link that leads nowhere is in the way.
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(level)) return
    throw impossible(level, cause)
  }
}

function isDirectory(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined || stats.isDirectory()) return stats !== undefined
  } catch (cause) {
    throw impossible(path, cause)
  }
  throw impossible(path, Object.assign(new Error('not a directory'), { code: 'ENOTDIR' }))
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EEXIST: 'a link that leads nowhere has its name',
  ELOOP: 'links lead in a circle',
  ENOENT: 'nothing can be made there',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file is in the way',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
}

function impossible(directory: string, cause: unknown): ConfigError {
  const { code = 'an unknown error' } = cause as NodeJS.ErrnoException
  const why = REASONS[code] === undefined ? code : `${REASONS[code]} (${code})`
  return new ConfigError('config_error', `the directory ${quote(directory)} cannot be made: ${why}`, { cause })
}
