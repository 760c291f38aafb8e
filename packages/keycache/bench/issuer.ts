import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Jwk, SigningKey } from '@scitokens/core'

/** A local issuer that counts what it is asked, and can be away. */
export interface BenchIssuer {
  readonly issuer: string
  readonly jwksUri: string
  readonly count: { metadata: number; jwks: number }
  keys: Jwk[]
  away: boolean
  close(): Promise<void>
}

export async function startBenchIssuer(): Promise<BenchIssuer> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const isJwks = request.url === '/jwks'
    bench.count[isJwks ? 'jwks' : 'metadata']++
    const body = isJwks ? { keys: bench.keys } : { issuer: bench.issuer, jwks_uri: bench.jwksUri }
    response.writeHead(bench.away ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const bench: BenchIssuer = {
    issuer,
    jwksUri: `${issuer}/jwks`,
    count: { metadata: 0, jwks: 0 },
    keys: [await newKey('first')],
    away: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return bench
}

/** A public key as issuers publish it. */
export async function newKey(kid: string): Promise<Jwk> {
  const key = await SigningKey.generate('ES256', { kid })
  return { ...key.publicJwk, use: 'sig' }
}
