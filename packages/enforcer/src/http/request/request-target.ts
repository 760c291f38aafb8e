import { InvalidRequestError } from '@scitokens/core'

/** A request target, cut in two. Neither part is decoded. */
export interface RequestTarget {
  /** What stands before the `?`. */
  readonly path: string
  /** What stands after the `?`; empty where there is none. */
  readonly query: string
}

/**
 * Cuts a request target (RFC 9112 section 3.2.1) into path and query without parsing it as a URL: parsers differ in what they
 * tidy up, and the guard must see what the server behind it sees.
 *
 * Throws `invalid_request` for anything but the origin form: absolute URLs, fragments, `\`, and characters that a URL cannot
 * have, whatever a lenient parser would make of them.
 */
export function requestTarget(target: string): RequestTarget {
  if (!target.startsWith('/')) throw new InvalidRequestError('invalid_request', 'the request target is not a path')
  if (!TARGET_LETTERS.test(target)) {
    throw new InvalidRequestError('invalid_request', 'the request target has characters that must be percent-encoded')
  }
  return cutTarget(target)
}

/** The same for a target that is not judged here, or has been. */
export function cutTarget(target: string): RequestTarget {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

// Whatever can be seen in ASCII, but for # and \.
const TARGET_LETTERS = /^[!"$-[\]-~]*$/
