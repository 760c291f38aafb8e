import type { Server, Socket } from 'node:net'

/** The address of whoever is on this machine. */
export const LOCAL_PEER = '127.0.0.1'

/**
 * Whoever comes by a Unix socket has no address. He is on this machine, so he gets this machine's: for limits, audit, and what a proxy
 * tells of its clients.
 *
 * A TCP connection that was reset before it was accepted has no peer any more either, and what was sent over it is read all the same:
 * it has this side's address, by which it is told from a Unix socket's, and stays without the other.
 */
export function nameLocalPeers(server: Server): void {
  server.on('connection', (socket: Socket) => {
    const isUnix = socket.remoteAddress === undefined && socket.localAddress === undefined
    if (isUnix) Object.defineProperty(socket, 'remoteAddress', { value: LOCAL_PEER })
  })
}
