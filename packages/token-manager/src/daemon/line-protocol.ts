import type { Socket } from 'node:net'
import { InvalidRequestError, type JsonObject } from '@scitokens/core'
import { parseJsonObject } from '@scitokens/core/internal'

/** Longest message, in bytes. */
const MAX_LINE = 262_144

/** Sends one JSON document as a line. */
export function sendLine(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/**
 * Reads JSON documents, one a line. Ends with the connection; throws `invalid_request` for a line that is too long, or no
 * JSON object.
 */
export async function* readLines(socket: Socket): AsyncGenerator<JsonObject, void, void> {
  let pending = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket as AsyncIterable<string>) {
    pending += chunk
    let end: number
    while ((end = pending.indexOf('\n')) >= 0) {
      const line = pending.slice(0, end)
      pending = pending.slice(end + 1)
      yield parseJsonObject(new TextEncoder().encode(line), 'a message')
    }
    if (pending.length > MAX_LINE) throw new InvalidRequestError('invalid_request', 'a message is too long')
  }
}
