import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that has its port already, but nobody to answer yet: an issuer must know its own URL before it exists. */
export interface Loopback {
  readonly server: Server
  readonly url: string
  readonly close: () => Promise<void>
}

/** Listens on a free port of the loopback interface. */
export async function listenOnLoopback(): Promise<Loopback> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { server, url, close }
}
