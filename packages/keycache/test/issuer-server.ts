import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type Jwk, SigningKey } from '@scitokens/core'

/** What a test lets a path answer. */
export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/** An issuer on a real socket, well-behaved until told otherwise. */
export interface IssuerServer extends AsyncDisposable {
  /** Without trailing slash. */
  readonly issuer: string
  readonly jwksUri: string
  /** Paths asked for, in order. */
  readonly requests: string[]
  /** Published keys; change at will. */
  keys: Jwk[]
  /** Extra response headers of the key set. */
  jwksHeaders: Record<string, string>
  /** Takes a path over; `undefined` gives it back. */
  on(path: string, handler: Handler | undefined): void
  /** Answers every request with this status; `undefined` ends that. */
  fail(status: number | undefined): void
  /** How often a path was asked for. */
  count(path: string): number
  readonly server: http.Server
}

export const METADATA = '/.well-known/openid-configuration'
export const JWKS = '/jwks'

/** A public JWK with a `kid`. */
export async function newKey(kid: string): Promise<Jwk> {
  const key = await SigningKey.generate('ES256', { kid })
  return { ...key.publicJwk }
}

/** Starts an issuer on 127.0.0.1. With `tls`, on HTTPS and named `localhost`. */
export async function startIssuer(
  options: { tls?: { key: string; cert: string }; path?: string } = {},
): Promise<IssuerServer> {
  const { tls, path = '' } = options
  const requests: string[] = []
  const handlers = new Map<string, Handler>()
  const sockets = new Set<Socket>()
  let failure: number | undefined

  const answer: Handler = (request, response) => {
    const url = request.url ?? ''
    requests.push(url)
    const handler = handlers.get(url)
    if (failure !== undefined) response.writeHead(failure).end()
    else if (handler) handler(request, response)
    else if (url === `${path}${METADATA}`) sendJson(response, { issuer: issuer.issuer, jwks_uri: issuer.jwksUri })
    else if (url === JWKS) sendJson(response, { keys: issuer.keys }, issuer.jwksHeaders)
    else response.writeHead(404).end()
  }
  const server = tls ? https.createServer(tls, answer) : http.createServer(answer)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`

  const issuer: IssuerServer = {
    issuer: `${origin}${path}`,
    jwksUri: `${origin}${JWKS}`,
    requests,
    keys: [await newKey('first')],
    jwksHeaders: {},
    server,
    on: (at, handler) => void (handler ? handlers.set(at, handler) : handlers.delete(at)),
    fail: (status) => {
      failure = status
    },
    count: (at) => requests.filter((url) => url === at).length,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return issuer
}

/** Answers with a JSON document. */
export function sendJson(response: http.ServerResponse, document: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document))
}
