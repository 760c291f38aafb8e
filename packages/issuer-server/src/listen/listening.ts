import { once } from 'node:events'
import { lstat, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { ConfigError } from '@scitokens/core'
import type { FastifyInstance } from 'fastify'
import { checkSocketDirectory } from './socket-directory.ts'

/** How often a stop looks for connections that have become idle, in milliseconds. */
const IDLE_CHECK_MS = 50

/** The address of whoever is on this machine. */
export const LOOPBACK: string = '127.0.0.1'

/** Where to listen. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string }

/** Listens; answers the address. Throws `config_error` in words. */
export async function listenOn(app: FastifyInstance, where: ListenPlace): Promise<string> {
  try {
    if (!('path' in where)) return await app.listen({ ...where })
    await checkSocketDirectory(where.path, 'listen.socket')
    await removeDeadSocket(where.path)
    // Its directory says who may use it. The front end is another account, which the usual umask would keep out.
    return await app.listen({ ...where, readableAll: true, writableAll: true })
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    if ('path' in where) throw new ConfigError('config_error', `cannot listen on the socket ${where.path}: ${code}`)
    const why =
      code === 'EADDRINUSE' ? 'the port is in use' : code === 'EACCES' ? 'this account may not use the port' : code
    throw new ConfigError('config_error', `cannot listen on ${where.host}, port ${where.port}: ${why}`)
  }
}

/**
 * Whoever comes by a Unix socket has no address. He is on this machine, so he gets this machine's: for limits, audit, and what a proxy
 * tells of its clients.
 */
export function nameLocalPeers(app: FastifyInstance): void {
  app.server.on('connection', (socket: Socket) => {
    if (socket.remoteAddress === undefined) Object.defineProperty(socket, 'remoteAddress', { value: LOOPBACK })
  })
}

/** What a process left that did not end by itself. A socket on which somebody listens stays. */
async function removeDeadSocket(path: string): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))?.isSocket()) return
  const probe = connect(path)
  try {
    await once(probe, 'connect')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await rm(path, { force: true })
  } finally {
    probe.destroy()
  }
}

/** Lets requests finish; connections that are idle by then end at once instead of waiting for their next request. */
export async function closeGracefully(app: FastifyInstance): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS)
  await app.close().finally(() => clearInterval(timer))
}
