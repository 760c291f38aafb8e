import { SciTokenError, UndecidedError } from '@scitokens/core'
import {
  given,
  type HttpGet,
  type HttpGetAnswer,
  type HttpHeaders,
  isRedirect,
  isSecureUrl,
  quote,
  readRetryAfter,
  type RedirectRule,
  redirectTarget,
} from '@scitokens/core/internal'

/** What every request to an issuer shares. */
export interface Exchange extends RedirectRule {
  /** The issuer that is asked. */
  readonly issuer: string
  /** The way to the issuer. */
  readonly get: HttpGet
  /** Ends everything. */
  readonly signal: AbortSignal
  /** The time, in seconds since the epoch. */
  readonly now: number
}

/** A JSON document, or the reason why there is none. */
export type RemoteDocument =
  | { readonly status: 200; readonly value: unknown; readonly headers: HttpHeaders; readonly url: string }
  | { readonly status: number; readonly value?: undefined; readonly headers: HttpHeaders; readonly url: string }

/** Request timeout, too early, too many requests: 4xx that say nothing about whether the document is there. */
const TELLS_NOTHING: readonly number[] = [408, 425, 429]

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Gets a JSON document over HTTPS, following a few redirects that all stay on HTTPS and on its origin. An answer of 4xx, or of 304 to a conditional request, is for
 * the caller to judge; everything else that is no document throws `issuer_unavailable` or `discovery_failed`.
 */
export async function getJson(
  address: string,
  maxBytes: number,
  exchange: Exchange,
  headers: Readonly<Record<string, string>> = {},
): Promise<RemoteDocument> {
  const { url, response } = await followRedirects(address, maxBytes, exchange, headers)
  const { status } = response
  if (status === 200)
    return { status, value: parseJson(response, url, exchange), headers: response.headers, url: url.href }
  const wasConditional = 'if-none-match' in headers || 'if-modified-since' in headers
  const isAnswer = status === 304 ? wasConditional : status >= 400 && status < 500 && !TELLS_NOTHING.includes(status)
  if (isAnswer) return { status, headers: response.headers, url: url.href }
  const wait = readRetryAfter(response.headers['retry-after'], exchange.now)
  throw new UndecidedError('issuer_unavailable', `${describe(url)} answered with status ${status}`, {
    issuer: exchange.issuer,
    reason: 'unavailable',
    ...given({ retryAfterSeconds: wait }),
  })
}

/** An answer came, but what it says cannot be used. */
export function unusable(issuer: string, message: string, cause?: unknown): UndecidedError {
  return new UndecidedError('discovery_failed', message, { issuer, ...given({ cause }) })
}

/** A URL for messages: no query, which may hold anything. */
function describe(url: URL): string {
  return quote(url.origin + url.pathname)
}

/** `https`, or `http` on this machine where that was allowed. Throws `discovery_failed`: an issuer that leads elsewhere cannot be judged. */
export function checkSecureUrl(url: URL, { issuer, dangerouslyAllowLoopbackHttp }: Exchange): URL {
  if (isSecureUrl(url, dangerouslyAllowLoopbackHttp)) return url
  throw unusable(issuer, `the issuer ${quote(issuer)} leads to ${quote(url.href)}, which is not https`)
}

async function followRedirects(
  address: string,
  maxBytes: number,
  exchange: Exchange,
  headers: Readonly<Record<string, string>>,
): Promise<{ url: URL; response: HttpGetAnswer }> {
  const first = checkSecureUrl(new URL(address), exchange)
  let url = first
  for (let followed = 0; ; followed++) {
    // oxlint-disable-next-line no-await-in-loop -- each hop is known only from the one before
    const response = await getOnce(url, maxBytes, exchange, headers)
    if (!isRedirect(response.status)) return { url, response }
    const target = redirectTarget(response.headers['location'], { from: url, first, followed }, exchange)
    if ('refusal' in target) throw unusable(exchange.issuer, `${describe(url)} ${target.refusal}`)
    url = target.url
  }
}

async function getOnce(
  url: URL,
  maxBytes: number,
  exchange: Exchange,
  headers: Readonly<Record<string, string>>,
): Promise<HttpGetAnswer> {
  try {
    return await exchange.get({
      url,
      maxBytes,
      signal: exchange.signal,
      headers: { accept: 'application/json', ...headers },
    })
  } catch (cause) {
    // The reason says more than the AbortError it causes: the deadline passed, or the cache was closed.
    const error = exchange.signal.aborted ? (exchange.signal.reason as unknown) : cause
    if (error instanceof SciTokenError) throw error
    throw new UndecidedError('issuer_unavailable', `${describe(url)} cannot be reached: ${quote(messageOf(error))}`, {
      issuer: exchange.issuer,
      reason: 'unavailable',
      cause: error,
    })
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/**
 * Types that name JSON, and those that name nothing: static hosts serve a file without extension as `octet-stream`, and
 * issuers in production live there. A type that names another format (a login page, say) is refused.
 */
const ACCEPTED_TYPE = /^(?:application\/(?:json|octet-stream|[\w.+-]+\+json)|text\/(?:json|plain))$/i

function parseJson(response: HttpGetAnswer, url: URL, { issuer }: Exchange): unknown {
  const type = response.headers['content-type']?.split(';')[0]?.trim()
  if (type !== undefined && type !== '' && !ACCEPTED_TYPE.test(type)) {
    throw unusable(issuer, `${describe(url)} answered with ${quote(type)} instead of JSON`)
  }
  try {
    return JSON.parse(decoder.decode(response.body)) as unknown
  } catch (cause) {
    throw unusable(issuer, `${describe(url)} answered with something that is not JSON`, cause)
  }
}
