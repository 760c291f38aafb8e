import { ConfigError, SciTokenError, UndecidedError } from '@scitokens/core'
import { deadline, flag, type OptionReaders, quote, readOptions, readUrl, whole } from '@scitokens/core/internal'
import { readBody } from './body.ts'
import { CONNECTION_READERS, type HttpsAnswer, HttpsClient, type HttpsClientOptions } from './client.ts'

/** Options of {@link createFetch}. */
export interface FetchOptions extends Omit<HttpsClientOptions, 'keepAlive'> {
  /** One deadline for connect, headers and body, in milliseconds. Default: 20 000. */
  readonly timeoutMs?: number
  /** Largest answer, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number
}

const READERS: OptionReaders<FetchOptions> = {
  ...CONNECTION_READERS,
  dangerouslyAllowLoopbackHttp: flag,
  timeoutMs: whole(1, 300_000, 'milliseconds'),
  maxBytes: whole(1, 1024 ** 3, 'bytes'),
}

/** What is asked for; the part of `fetch`'s init that an OAuth client uses. */
export interface FetchInit {
  /** Method of the request. Default: `GET`. */
  readonly method?: string
  /** Headers to send. Default: none. */
  readonly headers?: Record<string, string>
  /** What is sent. Default: nothing. */
  readonly body?: string | URLSearchParams | Uint8Array | null
  /** Ends the request. Default: only the deadline does. */
  readonly signal?: AbortSignal
}

/** The part of `fetch` that an OAuth client needs. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>

/**
 * A small `fetch` on an {@link HttpsClient}, with limits and one deadline. Redirects are not followed: a credential must not travel on.
 * Connections are kept alive, so that ten thousand renewals do not make ten thousand handshakes.
 *
 * Its failures are `issuer_unavailable` and `aborted` (family `undecided`), `insecure_url` and `config_error` (family `config`).
 */
export function createFetch(options: FetchOptions = {}): Fetch {
  const { timeoutMs = 20_000, maxBytes = 1_048_576, ...connection } = readOptions<FetchOptions>(options, READERS)
  const client = new HttpsClient({ ...connection, keepAlive: true })
  return (address, init = {}) => fetchOnce(client, { timeoutMs, maxBytes }, address, init)
}

async function fetchOnce(
  client: HttpsClient,
  { timeoutMs, maxBytes }: Required<Pick<FetchOptions, 'timeoutMs' | 'maxBytes'>>,
  address: string,
  { method = 'GET', headers = {}, body, signal: given }: FetchInit,
): Promise<Response> {
  const url = readUrl(address)
  if (url === undefined) throw new ConfigError('config_error', `${quote(address)} is no URL`)
  const limit = deadline(timeoutMs, given)
  const { signal } = limit
  try {
    const sent = body instanceof URLSearchParams ? body.toString() : (body ?? undefined)
    const answer = await client.send({ url, method, headers, body: sent, signal, idleMs: timeoutMs })
    return responseOf(answer, await readBody(answer, maxBytes))
  } catch (error) {
    throw asKnown(url, signal.aborted ? signal.reason : error, given)
  } finally {
    limit.done()
  }
}

function responseOf({ status, body }: HttpsAnswer, bytes: Uint8Array): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(body.headers)) {
    for (const single of [value ?? []].flat()) headers.append(name, single)
  }
  // The Response constructor refuses a body where HTTP has none. RFC 9110 section 6.4.1.
  const bodiless = [101, 204, 205, 304].includes(status)
  return new Response(bodiless ? null : Buffer.from(bytes), { status, headers })
}

function asKnown(url: URL, cause: unknown, given: AbortSignal | undefined): unknown {
  if (given?.aborted) return new UndecidedError('aborted', `the request to ${url.origin} was given up`, { cause })
  if (cause instanceof SciTokenError || isKeyProblem(cause)) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  return new UndecidedError('issuer_unavailable', `${url.origin} cannot be reached: ${code ?? message}`, { cause })
}

/** What OpenSSL says of a client's key that does not fit, or has a passphrase: nobody was asked yet. */
function isKeyProblem(cause: unknown): boolean {
  return /^ERR_(?:OSSL_|MISSING_PASSPHRASE)/.test((cause as NodeJS.ErrnoException | null)?.code ?? '')
}
