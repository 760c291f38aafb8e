import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { type InheritedSocket, pathOfInheritedSocket } from './inherited.ts'
import { checkThisMachine, formatPlace, type Place, type SocketPlace } from './place.ts'
import { checkSocketDirectory, removeDeadSocket } from './socket-file.ts'

/** What {@link openListener} does with connections. */
export interface ListenerOptions {
  readonly onConnection: (socket: Socket, isUnix: boolean) => void
  /** Nothing is read of a connection before it is handed on: for those that go to other processes. */
  readonly paused: boolean
  /** Refuses places that other machines can reach. */
  readonly onlyThisMachine: boolean
  /** Inherited Unix sockets lie where only their directory's owner and group get. */
  readonly closedToOthers: boolean
}

/** A place at which connections are taken. */
export interface Listener {
  /** Where, with the port that was found. */
  readonly place: Place
  /** Takes no more. Of an inherited socket, whoever waits goes on waiting: for the process that is given it next. */
  close(): void
}

/**
 * Listens.
 *
 * Throws `config_error` where this account may not, or where others could put another socket in the place of this one; `undecided` while
 * another process listens there.
 */
export async function openListener(where: Place | InheritedSocket, options: ListenerOptions): Promise<Listener> {
  let isUnix = 'path' in where
  // Connections come with the next turn of the event loop: by then it is known what was inherited.
  const server = createServer({ pauseOnConnect: options.paused }, (socket) => options.onConnection(socket, isUnix))
  try {
    const place = 'fd' in where ? await takeOver(server, where, options) : await bind(server, where, options)
    isUnix = 'path' in place
    return { place, close: () => void server.close() }
  } catch (error) {
    server.close()
    throw error
  }
}

async function bind(server: Server, place: Place, { onlyThisMachine }: ListenerOptions): Promise<Place> {
  if (onlyThisMachine) checkThisMachine(place)
  if ('path' in place) return bindSocket(server, place)
  try {
    server.listen({ ...place, exclusive: true })
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const where = `cannot listen on ${place.host}, port ${place.port}`
    if (code === 'EADDRINUSE') throw new UndecidedError('undecided', `${where}: the port is in use`, { cause })
    throw new ConfigError(
      'config_error',
      `${where}: ${code === 'EACCES' ? 'this account may not use the port' : code}`,
      { cause },
    )
  }
  return { host: place.host, port: (server.address() as AddressInfo).port }
}

async function bindSocket(server: Server, place: SocketPlace): Promise<Place> {
  checkSocketDirectory(place)
  const { path, mode = 0o660 } = place
  const where = `cannot listen on the socket ${path}`
  if (!(await removeDeadSocket(path))) {
    throw new UndecidedError('undecided', `${where}: EADDRINUSE, another process listens on it`)
  }
  try {
    withUmask(0o177, () => server.listen({ path, exclusive: true }))
    await once(server, 'listening')
    // Wider only now: at no time could somebody connect who may not.
    await chmod(path, mode)
  } catch (cause) {
    throw new ConfigError('config_error', `${where}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
  return place
}

async function takeOver(
  server: Server,
  { fd, name }: InheritedSocket,
  { onlyThisMachine, closedToOthers }: ListenerOptions,
): Promise<Place> {
  const where = `the inherited socket ${name} (descriptor ${fd})`
  let address: ReturnType<Server['address']>
  try {
    server.listen({ fd, exclusive: true })
    await once(server, 'listening')
    address = server.address()
  } catch (cause) {
    throw new ConfigError('config_error', `cannot listen on ${where}: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    })
  }
  // Node tells no address of a Unix socket that it has not made itself.
  const place: Place =
    typeof address === 'object' && address !== null
      ? { host: address.address, port: address.port }
      : { path: unixPath(fd, where), closedToOthers }
  if (onlyThisMachine) checkThisMachine(place)
  if ('path' in place) checkSocketDirectory(place)
  return place
}

function unixPath(fd: number, where: string): string {
  let path: string | undefined
  let cause: unknown
  try {
    path = pathOfInheritedSocket(fd)
  } catch (error) {
    cause = error
  }
  if (path?.startsWith('/')) return path
  throw new ConfigError('config_error', `cannot see at which path ${where} lies, and so who could replace it`, {
    cause,
  })
}

/** Runs what makes a file, synchronously, under another mask: the mask is the whole process's. */
function withUmask(mask: number, work: () => void): void {
  const before = process.umask(mask)
  try {
    work()
  } finally {
    process.umask(before)
  }
}

/** The addresses of listeners in words. */
export function addressesOf(listeners: readonly Listener[]): readonly string[] {
  return listeners.map(({ place }) => formatPlace(place))
}
