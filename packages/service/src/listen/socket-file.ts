import { once } from 'node:events'
import { statSync } from 'node:fs'
import { lstat, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { directoryInOtherHands } from '@scitokens/host/files'
import type { SocketPlace } from './place.ts'

const OTHERS = 0o007

/**
 * Throws `config_error` where somebody else could put another socket in the place of this one and so answer for this server, or, where the
 * place says so, where others than the directory's owner and group could connect: a socket's own mode is not looked at by every system
 * (unix(7)). Every step on the way to the directory counts, links too.
 *
 * Not async: of an inherited socket it is asked between listening and the first connection.
 */
export function checkSocketDirectory({ path, closedToOthers }: SocketPlace): void {
  const directory = dirname(path)
  let inOtherHands: string | undefined
  try {
    inOtherHands = directoryInOtherHands(directory)
    if (inOtherHands === undefined && closedToOthers && (statSync(directory).mode & OTHERS) !== 0) {
      throw new ConfigError(
        'config_error',
        `whoever can open the directory ${quote(directory)} is believed to be the front end, so close it to others (chmod o=) and give it the front end's group`,
      )
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      'config_error',
      `the directory ${quote(directory)} of the socket cannot be looked at (${code})`,
      { cause },
    )
  }
  if (inOtherHands === undefined) return
  throw new ConfigError('config_error', `${inOtherHands}: whoever can change it could answer in place of this server`)
}

/**
 * Removes the socket that a process left which did not end by itself. Throws `config_error` for what is no socket.
 *
 * @returns whether the way is free: false where somebody listens.
 */
export async function removeDeadSocket(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return true
  if (!found.isSocket()) throw new ConfigError('config_error', `${quote(path)} exists and is no socket`)
  const probe = connect(path)
  try {
    await once(probe, 'connect')
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    // Anything else (no right to connect, a full queue) tells that somebody may be there.
    if (code !== 'ECONNREFUSED') return false
    await rm(path, { force: true })
    return true
  } finally {
    probe.destroy()
  }
}
