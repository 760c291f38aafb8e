import {
  encodeScopePath,
  InvalidRequestError,
  parseRequestPath,
  type Path,
  withoutTrailingSlash,
} from '@scitokens/core'

/** A request target, cut in two. Neither part is decoded. */
export interface RequestTarget {
  readonly path: string
  /** Without `?`. */
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
  if (!target.startsWith('/')) throw new InvalidRequestError('the request target is not a path')
  if (!TARGET_LETTERS.test(target)) {
    throw new InvalidRequestError('the request target has characters that must be percent-encoded')
  }
  return cutTarget(target)
}

/** The same for a target that is not judged here, or has been. */
export function cutTarget(target: string): RequestTarget {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/**
 * The part of a path below a mount, not decoded; `/` for the mount itself. Throws `invalid_request` for a path that is not there.
 *
 * @param mountedAt - without a slash at its end; empty for the root.
 */
export function belowMount(path: string, mountedAt: string): string {
  if (path === mountedAt) return '/'
  if (path.startsWith(mountedAt) && path[mountedAt.length] === '/') return path.slice(mountedAt.length)
  throw new InvalidRequestError(`the request is not for ${mountedAt}/`)
}

// Whatever can be seen in ASCII, but for # and \.
const TARGET_LETTERS = /^[!"$-[\]-~]*$/

/** Which part of the tokens' namespace a mount serves. A request for `/x` below the mount is about `PREFIX/x`. */
export class Mount {
  readonly #prefix: string
  readonly #encoded: string

  /** @param prefix - as in URLs; `/` for a mount that serves the whole namespace. Throws `invalid_request`. */
  constructor(prefix: string = '/') {
    const path = withoutTrailingSlash(parseRequestPath(prefix, { rejectDotSegments: true }))
    this.#prefix = path === '/' ? '' : path
    this.#encoded = encodeScopePath(this.#prefix as Path)
  }

  /** The path to judge for a path below the mount. Neither is decoded. */
  inNamespace(path: string): string {
    return this.#encoded === '' ? path : this.#encoded + path
  }

  /**
   * The URL path below the mount that means exactly the path that was judged: for the handlers behind the guard, so that what
   * they serve is what was judged, however the request was spelt.
   */
  served(judged: Path): string {
    return encodeScopePath(this.#prefix === '' ? judged : (judged.slice(this.#prefix.length) as Path)) || '/'
  }

  /** Whether a path below the mount already means exactly the path that was judged, and nothing has to be put in its place. */
  isServed(came: string, judged: Path): boolean {
    // Text that is its own meaning has no escape and nothing to collapse.
    return (this.#prefix === '' && came === judged) || came === this.served(judged)
  }
}
