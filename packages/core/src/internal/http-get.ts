// The port through which policy over documents of others (metadata, key sets, revocation lists) asks for them. `host/https` and `fetch` serve it.

/** Headers with lower-case names; where one came several times, joined by commas. */
export type HttpHeaders = Readonly<Record<string, string | undefined>>

/** One GET that is to be made. */
export interface HttpGetRequest {
  /** What is asked for; judged before, by whoever asks. */
  readonly url: URL
  /** Headers to send. */
  readonly headers: Readonly<Record<string, string>>
  /** Largest body worth reading, in bytes. */
  readonly maxBytes: number
  /** Ends the exchange at any stage. */
  readonly signal: AbortSignal
}

/** What came back. A redirect is an answer like any other. */
export interface HttpGetAnswer {
  /** The status code, from 200 to 599. */
  readonly status: number
  /** Headers of the answer. */
  readonly headers: HttpHeaders
  /** The whole body of a 200; of any other status nobody reads it, so it is empty. */
  readonly body: Uint8Array
}

/**
 * Makes one GET, without following redirects. Rejects, with whatever error says why, when there is no complete answer within the limits:
 * no connection, a certificate that is not trusted, a body that is too long or ends early, a signal that fired.
 */
export type HttpGet = (request: HttpGetRequest) => Promise<HttpGetAnswer>
