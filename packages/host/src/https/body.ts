import { quote } from '@scitokens/core/internal'
import type { HttpsAnswer } from './client.ts'

/**
 * Reads the whole body of an answer. Rejects, and ends the connection, when it is longer than `maxBytes`, compressed, or not complete.
 *
 * @param maxBytes - largest body worth reading.
 */
export async function readBody({ headers, body }: HttpsAnswer, maxBytes: number): Promise<Uint8Array> {
  try {
    const { 'content-encoding': encoding = 'identity', 'content-length': announced = '0' } = headers
    // Nobody asked for it, and a limit on what was sent says nothing about what it becomes.
    if (encoding !== 'identity') throw new Error(`the answer is ${quote(encoding)}-encoded`)
    if (Number(announced) > maxBytes) throw tooLong(maxBytes)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLong(maxBytes)
      chunks.push(chunk)
    }
    if (!body.complete) throw new Error('the connection ended before the answer did')
    return Buffer.concat(chunks)
  } catch (error) {
    body.destroy()
    throw error
  }
}

function tooLong(maxBytes: number): Error {
  return new Error(`the answer is longer than ${maxBytes} bytes`)
}
