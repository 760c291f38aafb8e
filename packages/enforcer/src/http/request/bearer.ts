import { InvalidRequestError } from '@scitokens/core'
import { type OptionReaders, readOptions, text, whole } from '@scitokens/core/internal'
import { type HeaderSource, headerValue, SEVERAL } from './headers.ts'

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

/** How the options of {@link BearerOptions} are read. */
export const BEARER_READERS: OptionReaders<BearerOptions> = {
  queryParameter: text,
  maxLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
}

/** Where a request's credentials may be. */
export interface BearerRequest {
  /** All header fields. */
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
 * is not exactly one well-formed token, `config_error` for options that make no sense.
 */
export function extractBearer(request: BearerRequest, options: BearerOptions = {}): string | undefined {
  const token = bearerCandidate(request, readOptions<BearerOptions>(options, BEARER_READERS))
  if (token !== undefined) checkBearer(token)
  return token
}

/**
 * As {@link extractBearer}, but for the letters of the token, which cost more than all the rest: a token that verification accepts
 * has the right ones, so that it is enough to look at those that it refuses, with {@link checkBearer}.
 */
export function bearerCandidate(request: BearerRequest, options: BearerOptions): string | undefined {
  const value = headerValue(request.headers, 'authorization')
  if (value === SEVERAL) throw moreThanOne()
  if (options.queryParameter === undefined) return value === undefined ? undefined : tokenIn(value, options)
  const [other, another] = queryValues(request.query ?? '', options.queryParameter)
  if (another !== undefined || (value !== undefined && other !== undefined)) throw moreThanOne()
  if (other !== undefined) return tokenIn(withScheme(other), options)
  return value === undefined ? undefined : tokenIn(value, options)
}

function moreThanOne(): InvalidRequestError {
  return new InvalidRequestError('invalid_request', 'the request has more than one set of credentials')
}

function tokenIn(value: string, { maxLength = 65_536 + 'Bearer '.length }: BearerOptions): string {
  if (value.length > maxLength) throw new InvalidRequestError('too_large', 'the credentials are too long')
  // How nearly everybody writes it.
  return withoutSpaces(value.startsWith('Bearer ') ? value.slice(7) : afterScheme(value))
}

function afterScheme(value: string): string {
  const space = value.indexOf(' ')
  const scheme = space === -1 ? value : value.slice(0, space)
  // RFC 9110 section 11.1: schemes are compared without case.
  if (scheme.toLowerCase() === 'bearer') return space === -1 ? '' : value.slice(space + 1)
  // A comma list that hides a bearer token behind another scheme is an attempt, not an absence.
  if (/\bbearer\s/i.test(value))
    throw new InvalidRequestError('invalid_request', 'the Authorization header has more than one scheme')
  throw new InvalidRequestError('no_credentials', 'the credentials are not a bearer token')
}

/** Throws `invalid_request` for what cannot be a token. */
export function checkBearer(token: string): void {
  if (!TOKEN68.test(token))
    throw new InvalidRequestError('invalid_request', 'the Authorization header holds no well-formed bearer token')
}

const SPACE = 0x20

function withoutSpaces(value: string): string {
  const isPlain = value.charCodeAt(0) !== SPACE && value.charCodeAt(value.length - 1) !== SPACE
  return isPlain ? value : value.replace(/^ +| +$/g, '')
}

/** In a query the scheme may be left out, as XRootD's clients do. */
function withScheme(value: string): string {
  return /^bearer /i.test(value) ? value : `Bearer ${value}`
}

function queryValues(query: string, name: string): readonly string[] {
  return new URLSearchParams(query).getAll(name)
}
