import type { HttpGet } from '@scitokens/core/internal'
import { readBody } from './body.ts'
import type { HttpsClient } from './client.ts'

/** The port `HttpGet` on a client. */
export function httpGetOf(client: HttpsClient): HttpGet {
  return async ({ url, headers, maxBytes, signal }) => {
    const answer = await client.send({ url, headers, signal })
    const { status, headers: received, body } = answer
    // Only a 200 has a body that anybody reads.
    if (status === 200) return { status, headers: received, body: await readBody(answer, maxBytes) }
    body.destroy()
    return { status, headers: received, body: new Uint8Array() }
  }
}
