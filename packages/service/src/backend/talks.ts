import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What goes on at a connection of an HTTP server. */
interface Talk {
  /** Requests that are being answered. */
  open: number
  /** What had been read of the connection when the last of them was over. */
  bytes: number
}

/**
 * Knows which connections only wait for their next request. `closeIdleConnections` of node:http does not say the same with every version:
 * since Node 26 a connection is idle, too, on which the first request is still to come, and whoever has just connected would be cut off.
 */
export class Talks {
  readonly #talks = new Map<Socket, Talk>()

  /** To be called with each request, before it is answered. */
  note(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const talk = this.#talks.get(socket) ?? this.#begin(socket)
    talk.open += 1
    const read = (): void => {
      talk.bytes = socket.bytesRead
    }
    // A body that nobody reads comes to its end after the answer.
    request.once('close', read)
    response.once('close', () => {
      talk.open -= 1
      read()
    })
  }

  /** Ends connections that have their answers, and on which nothing has come since. */
  endIdle(): void {
    for (const [socket, { open, bytes }] of this.#talks) {
      if (open === 0 && socket.bytesRead === bytes) socket.destroy()
    }
  }

  #begin(socket: Socket): Talk {
    const talk: Talk = { open: 0, bytes: 0 }
    this.#talks.set(socket, talk)
    socket.once('close', () => this.#talks.delete(socket))
    return talk
  }
}
