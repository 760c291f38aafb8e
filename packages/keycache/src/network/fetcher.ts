import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { UndecidedError } from '@scitokens/core'
import { isLoopbackHost, quote } from '@scitokens/core/internal'
import { checkConnectedAddress, checkLiteralAddress } from './address-guard.ts'
import type { Headers } from './cache-headers.ts'
import type { TrustStore } from './ca.ts'

/** One GET. */
export interface HttpRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Largest body worth reading. */
  readonly maxBytes: number
  /** Ends the exchange at any stage. */
  readonly signal: AbortSignal
}

/** What came back. A redirect is an answer like any other. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Makes one GET without following redirects; rejects when there is no complete answer within the limits. */
export type HttpGet = (request: HttpRequest) => Promise<HttpResponse>

/** Options of {@link createHttpGet}. */
export interface HttpOptions {
  readonly trust: TrustStore
  readonly agent: https.Agent
  readonly lookup: LookupFunction | undefined
  readonly refuseSpecialAddresses: boolean
  readonly userAgent: string
}

/** A {@link HttpGet} on `node:https`: TLS always verified, whatever the environment says. */
export function createHttpGet(options: HttpOptions): HttpGet {
  return async (request) => {
    if (options.refuseSpecialAddresses) checkLiteralAddress(request.url)
    return request.url.protocol === 'http:'
      ? exchange(http.request(request.url, settings(request, options, { agent: false })), request, options)
      : exchange(https.request(request.url, settings(request, options, tlsSettings(options))), request, options)
  }
}

/** `https`, or `http` on this machine where that was allowed. Throws `discovery_failed`: an issuer that leads elsewhere cannot be judged. */
export function checkHttpsUrl(url: URL, issuer: string, allowLoopbackHttp: boolean): URL {
  if (url.protocol === 'https:') return url
  if (allowLoopbackHttp && url.protocol === 'http:' && isLoopbackHost(url.hostname)) return url
  throw new UndecidedError(
    'discovery_failed',
    `the issuer ${quote(issuer)} leads to ${quote(url.href)}, which is not https`,
    {
      issuer,
    },
  )
}

function settings(request: HttpRequest, options: HttpOptions, tls: https.RequestOptions): https.RequestOptions {
  return {
    ...tls,
    method: 'GET',
    signal: request.signal,
    // Compression would let a small answer become a huge body, and key sets are small.
    headers: { 'accept-encoding': 'identity', 'user-agent': options.userAgent, ...request.headers },
    ...(options.lookup ? { lookup: options.lookup } : {}),
  }
}

function tlsSettings(options: HttpOptions): https.RequestOptions {
  const secureContext = options.trust.secureContext()
  return {
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch the check off.
    rejectUnauthorized: true,
    agent: options.agent,
    ...(secureContext ? { secureContext } : {}),
  }
}

function exchange(sent: http.ClientRequest, request: HttpRequest, options: HttpOptions): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    if (options.refuseSpecialAddresses) sent.on('socket', (socket) => checkConnectedAddress(socket))
    sent.on('error', reject)
    sent.on('response', (response) => {
      readBody(response, request.maxBytes).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: singleHeaders(response), body }),
        (error: Error) => {
          reject(error)
          response.destroy()
        },
      )
    })
    sent.end()
  })
}

/** Only a 200 has a body that anybody reads. */
async function readBody(response: http.IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.destroy()
    return new Uint8Array()
  }
  const encoding = response.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw new Error(`the answer is ${quote(encoding)}-encoded`)
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw new BodyTooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Uint8Array).length
    if (bytes > maxBytes) throw new BodyTooLarge(maxBytes)
    chunks.push(chunk as Uint8Array)
  }
  if (!response.complete) throw new Error('the connection ended before the answer did')
  return Buffer.concat(chunks)
}

/** The answer is longer than anybody's key set. */
class BodyTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`)
  }
}

function singleHeaders(response: http.IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}
