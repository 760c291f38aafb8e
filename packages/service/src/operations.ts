import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { METRICS_TYPE } from './metrics/metrics.ts'

/** What the operations server tells. */
export interface Operations {
  /** Whether the process works. */
  readonly isAlive: () => boolean
  /** What keeps it from serving. */
  readonly problems: () => Promise<readonly string[]>
  /** Metrics, in Prometheus' text format. */
  readonly metrics: () => Promise<string>
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly type?: string
}

/**
 * Health and metrics, on an address of their own: `/healthz` (the process works), `/readyz` (it can serve, and shall be sent something)
 * and `/metrics`. Nothing here is for the world.
 */
export class OperationsServer {
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()

  constructor(operations: Operations) {
    this.#server = createServer((request, response) => void respond(operations, request, response))
    this.#server.emit('listening')
  }

  /** Serves a connection. */
  take(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    this.#server.emit('connection', socket)
  }

  /** Ends all connections. */
  close(): void {
    this.#server.closeIdleConnections()
    this.#server.close()
    // An answer that is on its way still gets there.
    for (const socket of this.#sockets) socket.destroySoon()
  }
}

async function respond(operations: Operations, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, text, type = 'text/plain; charset=utf-8' } = await answer(operations, request)
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function answer(operations: Operations, { method, url = '' }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'GET or HEAD\n' }
  try {
    switch (url.split('?', 1)[0]) {
      case '/healthz':
        return operations.isAlive() ? { status: 200, text: 'ok\n' } : { status: 503, text: 'no worker runs\n' }
      case '/readyz': {
        const problems = await operations.problems()
        if (problems.length === 0) return { status: 200, text: 'ready\n' }
        return { status: 503, text: `${problems.join('\n')}\n` }
      }
      case '/metrics':
        return { status: 200, text: await operations.metrics(), type: METRICS_TYPE }
      default:
        return { status: 404, text: 'healthz, readyz or metrics\n' }
    }
  } catch {
    // What went wrong is of the program, and may be of no business of whoever asks.
    return { status: 500, text: 'could not be found out\n' }
  }
}
