import { InvalidRequestError } from '@scitokens/core'
import { type HeaderSource, headerValues } from './headers.ts'

/** Options of {@link extractBearer}. */
export interface BearerOptions {
  /**
   * Also look for the token in this parameter of the query, as XRootD's clients send it (`authz=Bearer%20…`). RFC 9700 section
   * 4.3.2 forbids it: addresses end in logs. Default: the header only.
   */
  readonly queryParameter?: string
  /** Longest header value that is looked at, in characters. Default: 65 536 and the scheme. */
  readonly maxLength?: number
}

/** Where a request's credentials may be. */
export interface BearerRequest {
  readonly headers: HeaderSource
  /** The query of the URL, undecoded, with or without `?`. Only read where `queryParameter` is set. */
  readonly query?: string
}

// RFC 6750 section 2.1: b64token. Nothing else can be a token, NUL, comma and white space included.
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The bearer token of a request (RFC 6750), or undefined where it has none. Two of them, in whatever way, are refused: the
 * server behind might read the other one.
 *
 * Throws `no_credentials` (family `invalid_request`) for credentials of another scheme, `invalid_request` for everything that
 * is not exactly one well-formed token.
 */
export function extractBearer(request: BearerRequest, options: BearerOptions = {}): string | undefined {
  const token = bearerCandidate(request, options)
  if (token !== undefined) checkBearer(token)
  return token
}

/**
 * As {@link extractBearer}, but for the letters of the token, which cost more than all the rest: a token that verification accepts
 * has the right ones, so that it is enough to look at those that it refuses, with {@link checkBearer}.
 */
export function bearerCandidate(request: BearerRequest, options: BearerOptions): string | undefined {
  const values = headerValues(request.headers, 'authorization')
  if (options.queryParameter === undefined && values.length === 1) return tokenIn(values[0]!, options)
  const fromQuery = options.queryParameter === undefined ? [] : queryValues(request.query ?? '', options.queryParameter)
  if (values.length + fromQuery.length === 0) return undefined
  if (values.length + fromQuery.length > 1)
    throw new InvalidRequestError('the request has more than one set of credentials')
  const [value] = values
  return value === undefined ? tokenIn(withScheme(fromQuery[0]!), options) : tokenIn(value, options)
}

function tokenIn(value: string, { maxLength = 65_536 + 'Bearer '.length }: BearerOptions): string {
  if (value.length > maxLength) throw new InvalidRequestError('the credentials are too long', {}, 'too_large')
  // How nearly everybody writes it.
  if (value.startsWith('Bearer ')) return withoutSpaces(value.slice(7))
  const space = value.indexOf(' ')
  const scheme = space === -1 ? value : value.slice(0, space)
  // RFC 9110 section 11.1: schemes are compared without case.
  if (scheme.toLowerCase() !== 'bearer') {
    // A comma list that hides a bearer token behind another scheme is an attempt, not an absence.
    if (/\bbearer\s/i.test(value)) throw new InvalidRequestError('the Authorization header has more than one scheme')
    throw new InvalidRequestError('the credentials are not a bearer token', {}, 'no_credentials')
  }
  return space === -1 ? '' : withoutSpaces(value.slice(space + 1))
}

/** Throws `invalid_request` for what cannot be a token. */
export function checkBearer(token: string): void {
  if (!TOKEN68.test(token)) throw new InvalidRequestError('the Authorization header holds no well-formed bearer token')
}

function withoutSpaces(text: string): string {
  return text.startsWith(' ') || text.endsWith(' ') ? text.replace(/^ +| +$/g, '') : text
}

/** In a query the scheme may be left out, as XRootD's clients do. */
function withScheme(value: string): string {
  return /^bearer /i.test(value) ? value : `Bearer ${value}`
}

function queryValues(query: string, name: string): readonly string[] {
  return new URLSearchParams(query).getAll(name)
}
