import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { ConfigError } from '@scitokens/core'
import {
  callable,
  flag,
  having,
  type HttpHeaders,
  isSecureUrl,
  nested,
  type OptionReaders,
  quote,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { checkConnectedAddress, checkLiteralAddress } from './address-guard.ts'
import { type Proxies, PROXIES_READERS, proxyRules } from './proxies.ts'
import {
  type CertificateAuthorities,
  checkAuthorities,
  type ClientIdentityPem,
  readAuthorities,
  readIdentity,
  TrustStore,
} from './trust.ts'
import { TunnelAgent, type TunnelOptions } from './tunnel-agent.ts'

/** Options that say how servers are reached, and which are believed. */
export interface ConnectionOptions {
  /** Certificate authorities trusted besides the system's: PEM text, files, or a hashed directory. Default: none. */
  readonly ca?: CertificateAuthorities
  /** A certificate that is shown to servers that ask for one (RFC 8705). Default: none. */
  readonly identity?: ClientIdentityPem
  /** For connection limits and the like. Not together with `proxies`. Default: an agent of this client's own. */
  readonly agent?: https.Agent
  /** HTTP proxy, which only ever sees encrypted traffic. Not together with `agent`. Default: none; the environment is not asked. */
  readonly proxies?: Proxies
  /** In place of `dns.lookup`. Default: `dns.lookup`. */
  readonly lookup?: LookupFunction
  /**
   * Refuse servers that turn out to be at loopback, private or otherwise not public addresses, with `discovery_failed`. Not together with
   * `proxies`. Default: false.
   */
  readonly refuseSpecialAddresses?: boolean
  /** What the client calls itself. Default: `scitokens-js`. */
  readonly userAgent?: string
}

/** How the options of {@link ConnectionOptions} are read. */
export const CONNECTION_READERS: OptionReaders<ConnectionOptions> = {
  ca: readAuthorities,
  identity: readIdentity,
  agent: having<https.Agent>('destroy', 'an agent of node:https'),
  proxies: nested(PROXIES_READERS),
  lookup: callable<LookupFunction>(),
  refuseSpecialAddresses: flag,
  userAgent: text,
}

/** Options of {@link HttpsClient}. */
export interface HttpsClientOptions extends ConnectionOptions {
  /** Keep connections for the next request to the same server. Default: false. */
  readonly keepAlive?: boolean
  /** Speak plain HTTP to this machine, for demonstrations and tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

const CLIENT_READERS: OptionReaders<HttpsClientOptions> = {
  ...CONNECTION_READERS,
  keepAlive: flag,
  dangerouslyAllowLoopbackHttp: flag,
}

/** One request. */
export interface HttpsRequest {
  /** What is asked for: `https:`, or `http:` on this machine where that was allowed. */
  readonly url: URL
  /** Method of the request. Default: `GET`. */
  readonly method?: string
  /** Headers to send, besides `User-Agent` and `Accept-Encoding`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is sent; a stream is sent as it comes. Default: nothing. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** Ends the exchange at any stage, also while the body of the answer is read. */
  readonly signal: AbortSignal
  /** Longest time in which nothing moves in either direction, in milliseconds. Default: 60 000. */
  readonly idleMs?: number
}

/** The head of an answer, and its body while it comes. A redirect is an answer like any other. */
export interface HttpsAnswer {
  /** The status code. */
  readonly status: number
  /** Headers with lower-case names; where one came several times, joined by commas. */
  readonly headers: HttpHeaders
  /** The body, to be read to its end, or destroyed. */
  readonly body: http.IncomingMessage
}

const DEFAULT_IDLE_MS = 60_000

/**
 * Sends requests over HTTPS, by `node:https` alone. TLS is always verified, whatever the environment says; proxies and authorities are
 * those of the options; redirects are not followed; compressed answers are not asked for, since a small one may become a huge body.
 *
 * It has no deadline of its own but for silence: give each request a signal.
 */
export class HttpsClient {
  readonly #options: HttpsClientOptions
  readonly #trust: TrustStore
  readonly #proxyFor: (url: URL) => URL | undefined
  /** Our own: the global one pools connections, and one that was verified with somebody else's authorities must not serve here. */
  readonly #own: { readonly direct: https.Agent; readonly loopback: http.Agent }
  readonly #tunnels = new Map<string, TunnelAgent>()

  /** Opens nothing. Throws `config_error` for options that are wrong or exclude each other, and for authorities that are not there. */
  constructor(given: HttpsClientOptions = {}) {
    const options = readOptions<HttpsClientOptions>(given, CLIENT_READERS)
    const { ca, identity, agent, proxies, refuseSpecialAddresses, keepAlive = false } = options
    if (proxies !== undefined && agent !== undefined)
      throw new ConfigError('config_error', 'agent and proxies exclude each other')
    if (proxies !== undefined && refuseSpecialAddresses) {
      throw new ConfigError(
        'config_error',
        'refuseSpecialAddresses does nothing behind a proxy: only the proxy sees the address',
      )
    }
    if (ca !== undefined) checkAuthorities(ca)
    this.#options = options
    this.#trust = new TrustStore(ca, identity)
    this.#proxyFor = proxyRules(proxies ?? {})
    this.#own = { direct: new https.Agent({ keepAlive }), loopback: new http.Agent({ keepAlive }) }
  }

  /**
   * Sends one request, and answers with the head of what came back.
   *
   * Throws `insecure_url` for a URL that must not be spoken to, `config_error` for authorities that cannot be read, and whatever says why
   * there is no answer: an error of `node:https`, or the signal's.
   */
  async send(request: HttpsRequest): Promise<HttpsAnswer> {
    const { url, body } = request
    const { dangerouslyAllowLoopbackHttp = false, refuseSpecialAddresses = false } = this.#options
    if (!isSecureUrl(url, dangerouslyAllowLoopbackHttp)) {
      throw new ConfigError('insecure_url', `${quote(url.origin)} is not https`)
    }
    if (refuseSpecialAddresses) checkLiteralAddress(url)
    const sent = this.#begin(request)
    try {
      return await exchange(sent, request, refuseSpecialAddresses)
    } catch (error) {
      if (!sent.reusedSocket || !isGoneConnection(error) || isStream(body)) throw error
      // A server may close an idle connection at the moment it is used again: then, and only then, once more. RFC 9112 section 9.3.1.
      return exchange(this.#begin(request), request, refuseSpecialAddresses)
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    for (const agent of [this.#own.direct, this.#own.loopback, ...this.#tunnels.values()]) agent.destroy()
  }

  #begin(request: HttpsRequest): http.ClientRequest {
    const { url, method = 'GET', headers, signal } = request
    const { lookup, userAgent = 'scitokens-js' } = this.#options
    const settings: http.RequestOptions = {
      method,
      signal,
      headers: { 'accept-encoding': 'identity', 'user-agent': userAgent, ...headers },
      ...(lookup ? { lookup } : {}),
    }
    if (url.protocol === 'http:') return http.request(url, { ...settings, agent: this.#own.loopback })
    const secureContext = this.#trust.secureContext()
    const tunnel: TunnelOptions = { ...settings, tunnelSignal: signal }
    return https.request(url, {
      ...tunnel,
      agent: this.#agentFor(url),
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch the check off.
      rejectUnauthorized: true,
      ...(secureContext ? { secureContext } : {}),
    })
  }

  #agentFor(url: URL): https.Agent {
    const proxy = this.#proxyFor(url)
    if (proxy === undefined) return this.#options.agent ?? this.#own.direct
    let tunnel = this.#tunnels.get(proxy.href)
    if (tunnel === undefined) {
      tunnel = new TunnelAgent(proxy, this.#options.keepAlive ?? false)
      this.#tunnels.set(proxy.href, tunnel)
    }
    return tunnel
  }
}

function exchange(
  sent: http.ClientRequest,
  { body, signal, idleMs = DEFAULT_IDLE_MS }: HttpsRequest,
  refuseSpecialAddresses: boolean,
): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    // Node tells of an end only once there is a connection, and a proxy may take its time to make one.
    const giveUp = (): void => reject(signal.reason as Error)
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    sent.once('close', () => signal.removeEventListener('abort', giveUp))
    if (refuseSpecialAddresses) sent.on('socket', (socket) => checkConnectedAddress(socket))
    sent.on('error', reject)
    sent.on('response', (response) => {
      resolve({ status: response.statusCode ?? 0, headers: joined(response.headers), body: response })
    })
    sent.setTimeout(idleMs, () => sent.destroy(new Error(`nothing came for ${idleMs} ms`)))
    if (!isStream(body)) sent.end(body)
    else upload(Readable.from(body, { objectMode: false }), sent)
  })
}

/** What goes wrong with the stream ends the request, which tells why; and the other way round. */
function upload(body: Readable, sent: http.ClientRequest): void {
  body.on('error', (error) => sent.destroy(error))
  sent.on('close', () => body.destroy())
  body.pipe(sent)
}

function isStream(body: HttpsRequest['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body
}

function isGoneConnection(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function joined(headers: http.IncomingHttpHeaders): HttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}
