import http from 'node:http'
import https from 'node:https'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { isLoopbackHost, quote, readUrl } from '@scitokens/core/internal'
import { type CertificateAuthorities, type ClientIdentityPem, TrustStore } from '@scitokens/keycache'

/** Options of {@link createHttpsFetch}. */
export interface HttpsFetchOptions {
  /** Certificate authorities besides the system's. */
  readonly ca?: CertificateAuthorities
  /** A certificate that is shown to servers that ask for one (RFC 8705). Default: none. */
  readonly identity?: ClientIdentityPem
  /** One deadline for connect, headers and body, in milliseconds. Default: 20 000. */
  readonly timeoutMs?: number
  /** Largest answer, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number
  /** Speak plain HTTP to this machine, for demonstrations and tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** What is asked for; the part of `fetch`'s init that an OAuth client uses. */
export interface FetchInit {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | URLSearchParams | Uint8Array | null
  readonly signal?: AbortSignal
}

/** The part of `fetch` that an OAuth client needs. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>

/**
 * A small `fetch` on `node:https` which knows certificate directories, limits and one deadline. Redirects are not
 * followed: a credential must not travel on. Connections are kept alive, so that ten thousand renewals do not make ten thousand handshakes.
 *
 * Its failures are `issuer_unavailable` (family `undecided`) and `insecure_url` (family `config`).
 */
export function createHttpsFetch(options: HttpsFetchOptions = {}): Fetch {
  const trust = new TrustStore(options.ca, options.identity)
  const { timeoutMs = 20_000, maxBytes = 1_048_576 } = options
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) }
  return async (address, init = {}) => {
    const url = readUrl(address)
    if (url === undefined) throw new ConfigError('config_error', `${quote(address)} is no URL`)
    checkUrl(url, options.dangerouslyAllowLoopbackHttp ?? false)
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline
    const settings = { method: init.method ?? 'GET', headers: init.headers ?? {}, signal }
    const secureContext = url.protocol === 'https:' ? trust.secureContext() : undefined
    const make = (): http.ClientRequest =>
      url.protocol === 'https:'
        ? https.request(url, {
            ...settings,
            agent: agents.https,
            rejectUnauthorized: true,
            ...(secureContext ? { secureContext } : {}),
          })
        : http.request(url, { ...settings, agent: agents.http })
    try {
      return await readAnswer(await send(make, init.body), maxBytes)
    } catch (error) {
      throw unreachable(url, error, init.signal, deadline.aborted ? timeoutMs : undefined)
    }
  }
}

function checkUrl(url: URL, allowLoopbackHttp: boolean): void {
  if (url.protocol === 'https:') return
  if (allowLoopbackHttp && url.protocol === 'http:' && isLoopbackHost(url.hostname)) return
  throw new ConfigError('insecure_url', `${quote(url.origin)} is not https`)
}

/**
 * Sends a request and waits for the head of the answer. A server may close an idle connection at the moment it is used again:
 * then, and only then, the request is sent once more on a new one. RFC 9112 section 9.3.1.
 */
async function send(
  make: () => http.ClientRequest,
  body: FetchInit['body'],
  again = true,
): Promise<http.IncomingMessage> {
  const request = make()
  try {
    return await new Promise((resolve, reject) => {
      request.on('error', reject)
      request.on('response', resolve)
      request.end(body instanceof URLSearchParams ? body.toString() : (body ?? undefined))
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (again && request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) return send(make, body, false)
    throw error
  }
}

async function readAnswer(response: http.IncomingMessage, maxBytes: number): Promise<Response> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (!response.complete) throw new Error('the connection ended before the answer did')
  const status = response.statusCode ?? 500
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    for (const single of [value ?? []].flat()) headers.append(name, single)
  }
  // The Response constructor refuses a body where HTTP has none. RFC 9110 section 6.4.1.
  const bodiless = [101, 204, 205, 304].includes(status)
  return new Response(bodiless ? null : Buffer.concat(chunks), { status, headers })
}

function unreachable(url: URL, cause: unknown, signal: AbortSignal | undefined, timeoutMs: number | undefined): Error {
  if (signal?.aborted) return new UndecidedError('aborted', `the request to ${url.origin} was given up`, { cause })
  const why = timeoutMs === undefined ? reason(cause) : `there was no complete answer within ${timeoutMs / 1000} s`
  return new UndecidedError('issuer_unavailable', `${url.origin} cannot be reached: ${why}`, { cause })
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return code ?? message
}
