import http from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/**
 * An HTTP proxy that only knows CONNECT, and writes down where it was asked to go.
 *
 * @param options - `authorization`: the one `Proxy-Authorization` that it lets through. Default: everybody.
 */
export async function startProxy(
  options: { readonly authorization?: string } = {},
): Promise<{ url: string; tunnels: string[] } & AsyncDisposable> {
  const tunnels: string[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = http.createServer((_, response) => response.writeHead(405).end())
  server.on('connection', keep)
  server.on('connect', (request, client: Socket) => {
    const { authorization = request.headers['proxy-authorization'] } = options
    if (request.headers['proxy-authorization'] !== authorization) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    tunnels.push(request.url ?? '')
    const target = new URL(`http://${request.url}`)
    const upstream = connect(Number(target.port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    keep(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
