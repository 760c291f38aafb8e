import type { Server, Socket } from 'node:net'

/** The address of whoever is on this machine. */
export const LOCAL_PEER = '127.0.0.1'

/**
 * Whoever comes by a Unix socket has no address. He is on this machine, so he gets this machine's: for limits, audit, and what a proxy
 * tells of its clients.
 */
export function nameLocalPeers(server: Server): void {
  server.on('connection', (socket: Socket) => {
    if (socket.remoteAddress === undefined) Object.defineProperty(socket, 'remoteAddress', { value: LOCAL_PEER })
  })
}
