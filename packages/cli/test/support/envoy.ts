import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Answer, collect, documented } from './authz-server.ts'

// Envoy is in no registry that tests can use: what its documentation says of `ext_authz` over HTTP is played here, for the filter that
// docs/guards.md shows (envoy.extensions.filters.http.ext_authz.v3, messages HttpService, AuthorizationRequest and
// AuthorizationResponse).

/** Starts a stand-in for Envoy that asks `authz` (host:port) and passes requests on to `upstream` (a port). */
export async function startEnvoy(authz: string, upstream: number): Promise<number> {
  const filter = documented('yaml')
  // AuthorizationRequest: these are in the question whatever the filter says, and the length is 0.
  const asked = ['authorization', ...exactNames(filter, 'allowed_headers')]
  // AuthorizationResponse: these reach the client whatever the filter says.
  const told = ['location', 'www-authenticate', 'content-length', ...exactNames(filter, 'allowed_client_headers')]
  const [host, port] = authz.split(':') as [string, string]

  const server = createServer((request, response) => {
    const question = pick(request, asked)
    const { method, url: path } = request
    const headers = { ...question, host: request.headers.host, 'content-length': '0' }
    ask({ host, port, method, path, headers }).then(
      (verdict) => {
        if (verdict.status !== 200) {
          const reply = Object.entries(verdict.headers).filter(([name]) => told.includes(name))
          return response.writeHead(verdict.status, Object.fromEntries(reply)).end(verdict.body)
        }
        // allowed_upstream_headers: what exists already is overridden.
        const added = Object.entries(verdict.headers).filter(([name]) => name.startsWith('x-scitokens-'))
        const onward = { host: '127.0.0.1', port: upstream, method, path }
        return ask({ ...onward, headers: { ...request.headers, ...Object.fromEntries(added) } }).then(
          ({ status, body }) => response.writeHead(status).end(body),
        )
      },
      // status_on_error, failure_mode_allow: false
      () => response.writeHead(503).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Names of the `exact` patterns of a list in the filter. */
function exactNames(filter: string, list: string): readonly string[] {
  const line = filter.split('\n').find((text) => text.includes(`${list}:`))
  if (line === undefined) throw new Error(`the filter in docs/guards.md has no ${list}`)
  return [...line.matchAll(/exact: ([a-z-]+)/g)].map(([, name]) => name!)
}

/** Header fields as Envoy has them: several of one name are joined with a comma, `Authorization` too. */
function pick({ rawHeaders }: IncomingMessage, names: readonly string[]): OutgoingHttpHeaders {
  const picked: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!]
    if (names.includes(name)) picked[name] = name in picked ? `${picked[name]},${value}` : value
  }
  return picked
}

function ask(options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    httpRequest({ ...options, agent: false }, (response) => {
      const body = collect(response)
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: body() }))
    })
      .on('error', reject)
      .end()
  })
}
