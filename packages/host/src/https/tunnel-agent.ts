import http from 'node:http'
import https from 'node:https'
import { isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import { deadline } from '@scitokens/core/internal'

/** How long a proxy may take to make a tunnel, whatever it sends meanwhile, in milliseconds. */
const TUNNEL_MS = 30_000

/** Takes a connection, or the reason why there is none. */
type Callback = (error: Error | null, stream: Duplex) => void

/** How a request is made that goes through a tunnel. */
export interface TunnelOptions extends https.RequestOptions {
  /** Ends the making of the tunnel: the request's own signal, which Node keeps from agents. */
  readonly tunnelSignal?: AbortSignal
}

/** Reaches servers through tunnels of an HTTP proxy, which sees nothing but their names. RFC 9110 section 9.3.6. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL

  /** Opens nothing yet. */
  constructor(proxy: URL, keepAlive: boolean) {
    super({ keepAlive })
    this.#proxy = proxy
  }

  override createConnection(options: TunnelOptions, callback?: Callback): undefined {
    openTunnel(this.#proxy, authorityOf(options), options.tunnelSignal).then(
      (socket) => callback?.(null, super.createConnection({ ...options, socket } as https.RequestOptions)!),
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    )
  }
}

function authorityOf({ host, port }: https.RequestOptions): string {
  return `${isIPv6(host ?? '') ? `[${host}]` : host}:${port ?? 443}`
}

/** Asks for a tunnel. What goes wrong is told with the proxy's host, never with user or password. */
function openTunnel(proxy: URL, authority: string, signal: AbortSignal | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const limit = deadline(TUNNEL_MS, signal)
    const fail = (why: string): void => reject(new Error(`the proxy ${proxy.host} ${why}`))
    const request = (proxy.protocol === 'https:' ? https : http).request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorizationOf(proxy) },
      agent: false,
      signal: limit.signal,
      ...(proxy.protocol === 'https:' ? { rejectUnauthorized: true } : {}),
    })
    request.on('connect', ({ statusCode = 0 }, socket, head) => {
      if (statusCode >= 200 && statusCode < 300 && head.length === 0) {
        limit.done()
        resolve(socket)
        return
      }
      socket.destroy()
      fail(`refuses a tunnel to ${authority} with status ${statusCode}`)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (limit.signal.aborted) fail((limit.signal.reason as Error).message)
      else fail(`cannot be reached: ${error.code ?? error.message}`)
    })
    request.on('close', () => limit.done())
    request.end()
  })
}

/** RFC 7617. */
function authorizationOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}
