import { InvalidRequestError, quote, TokenNotAcceptableError } from '../errors.ts'

/**
 * The one path algebra (DESIGN decision 6). A {@link Path} is absolute, decoded, free of `.`, `..` and empty components; a
 * trailing slash means "the directory" (WLCG profile 1.3 section 2.2.1). Components are compared code point by code point:
 * no case folding, no Unicode normalisation, no wildcards.
 */
export type Path = string & { readonly [pathBrand]: true }
declare const pathBrand: unique symbol

/** The root of a namespace. It covers everything, itself included. */
export const ROOT = '/' as Path

/** Options of {@link parseRequestPath}. */
export interface RequestPathOptions {
  /** The path has been percent-decoded already. Default: false, it is the path of a URL and decoded once here. */
  readonly pathIsDecoded?: boolean
  /** Refuse `..` instead of resolving it. Default: false. */
  readonly rejectDotSegments?: boolean
  /** The caller knows that this is a directory, whatever its spelling. Default: false. */
  readonly isDirectory?: boolean
}

// Letters that need no second look; most paths have no others. Three scans are quicker than one expression that looks ahead.
const PLAIN_LETTERS = /^\/[A-Za-z0-9_~!$&'()*+,;=:@./-]*$/

/** Whether there is nothing to decode, to collapse or to refuse. A component that begins with a dot is looked at twice. */
function isPlain(text: string): boolean {
  return PLAIN_LETTERS.test(text) && isCollapsed(text)
}

/** Whether no component is empty or begins with a dot. */
function isCollapsed(text: string): boolean {
  return !text.includes('//') && !text.includes('/.')
}

/**
 * Reads the path of a token's scope: percent-decoded once, `//` and `/./` collapsed. `..` in any encoding, `%2F`, `\`, NUL,
 * controls, malformed escapes and invalid UTF-8 are refused, never resolved.
 *
 * Throws `invalid_scope`.
 */
export function parseScopePath(text: string): Path {
  if (typeof text !== 'string') throw new TokenNotAcceptableError('invalid_scope', 'a scope path must be a string')
  if (isPlain(text)) return text as Path
  const problem = (why: string): TokenNotAcceptableError =>
    new TokenNotAcceptableError('invalid_scope', `the scope path ${quote(text)} ${why}`, {
      claim: 'scope',
      actual: text,
    })
  const decoded = decodeOnce(text, problem)
  checkDecoded(decoded, problem)
  if (isCollapsed(decoded)) return decoded as Path
  const segments = split(decoded)
  if (segments.includes('..')) throw problem('has a ".." component')
  return join(segments, decoded)
}

/**
 * Reads a request's path: percent-decoded once unless it is decoded already, `..` resolved and clamped at the root, or
 * refused. What a second decoding would turn into a separator, a dot segment, NUL or a control is refused in both modes.
 * The caller must use the path that is returned, not the one that came.
 *
 * Throws `invalid_request`.
 */
export function parseRequestPath(text: string, options: RequestPathOptions = {}): Path {
  if (typeof text !== 'string' || !text.startsWith('/')) {
    throw new InvalidRequestError('invalid_request', `a request path must be absolute, ${quote(text)} is not`)
  }
  if (isPlain(text)) return asDirectory(text as Path, options)
  const problem = (why: string): InvalidRequestError =>
    new InvalidRequestError('invalid_request', `the request path ${quote(text)} ${why}`, { actual: text })
  const decoded = options.pathIsDecoded ? text : decodeOnce(text, problem)
  checkDecoded(decoded, problem)
  if (isCollapsed(decoded)) return asDirectory(decoded as Path, options)
  const segments = split(decoded)
  if (segments.includes('..') && options.rejectDotSegments) throw problem('has a ".." component')
  return asDirectory(join(resolveDotDot(segments), decoded), options)
}

/** Whether `scope` covers `path`: the same path or an ancestor, by whole components. `/a/` covers `/a/` but not `/a`. */
export function coversPath(scope: Path, path: Path): boolean {
  if (!path.startsWith(scope)) return false
  return path.length === scope.length || scope.endsWith('/') || path.charCodeAt(scope.length) === 0x2f
}

/** The part of the namespace that both cover, or undefined. */
export function intersectPaths(a: Path, b: Path): Path | undefined {
  if (coversPath(a, b)) return b
  return coversPath(b, a) ? a : undefined
}

/** Puts `path` below `base`: `joinPath('/cms', '/store/')` is `/cms/store/`. */
export function joinPath(base: Path, path: Path): Path {
  const stem = base.endsWith('/') ? base.slice(0, -1) : base
  return (path === '/' ? stem || '/' : stem + path) as Path
}

/** What remains of `path` below `base`, or undefined where it is outside. `relativePath('/cms', '/cms')` is `/`. */
export function relativePath(base: Path, path: Path): Path | undefined {
  const stem = base.endsWith('/') ? base.slice(0, -1) : base
  if (path === stem) return ROOT
  return path.startsWith(`${stem}/`) ? (path.slice(stem.length) as Path) : undefined
}

/** The path as a scope writes it: everything but unreserved characters, sub-delimiters, `:`, `@` and `/` percent-encoded. */
export function encodeScopePath(path: Path): string {
  if (isPlain(path)) return path
  return encodeURI(path).replaceAll(/[?#[\]]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The path without its trailing slash, if it has one. */
export function withoutTrailingSlash(path: Path): Path {
  return (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path) as Path
}

type Problem = (why: string) => Error

function asDirectory(path: Path, { isDirectory }: RequestPathOptions): Path {
  return isDirectory && !path.endsWith('/') ? (`${path}/` as Path) : path
}

function decodeOnce(text: string, problem: Problem): string {
  if (!text.includes('%')) return text
  // A separator must be visible before decoding: %2F is not equivalent to / (RFC 3986 section 2.2).
  if (/%2f/i.test(text)) throw problem('has an encoded slash')
  const decoded = decodeUtf8(text)
  if (decoded === undefined) throw problem('has an escape that is malformed or not UTF-8')
  return decoded
}

/** The text with its escapes decoded, or undefined. Overlong forms and surrogates are no UTF-8 (ECMA-262 section 19.2.6.5). */
function decodeUtf8(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

// C0 controls, DEL and C1 controls have no business in a path; U+2028/2029 end lines in logs.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const FORBIDDEN = /[\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const DANGEROUS_ESCAPE = /%(?:2f|5c|[01][0-9a-f]|7f)/i
const HIGH_ESCAPES = /(?:%[89a-f][0-9a-f])+/gi

function checkDecoded(decoded: string, problem: Problem): void {
  if (!decoded.startsWith('/')) throw problem('is not absolute')
  if (!decoded.isWellFormed()) throw problem('has an unpaired surrogate')
  if (FORBIDDEN.test(decoded)) throw problem('has a backslash or a control character')
  if (decoded.includes('%') && isDangerousWhenDecodedAgain(decoded)) throw problem('is encoded more than once')
}

function split(decoded: string): string[] {
  return decoded.split('/').filter((segment) => segment !== '' && segment !== '.')
}

/** Whether decoding again, however often, would give a separator, a control, a dot segment or what is no UTF-8. */
function isDangerousWhenDecodedAgain(decoded: string): boolean {
  const text = decodeAsciiFully(decoded)
  if (DANGEROUS_ESCAPE.test(text)) return true
  const dots = (path: string): number => path.split('/').filter((part) => part === '.' || part === '..').length
  if (dots(text) > dots(decoded)) return true
  // %C0%AE is no character, but careless decoders make a dot of it.
  return (text.match(HIGH_ESCAPES) ?? []).some((run) => {
    const characters = decodeUtf8(run)
    return characters === undefined || FORBIDDEN.test(characters)
  })
}

/**
 * Decodes escapes of printable ASCII until none is left, those of `/`, `\` and DEL excepted: their being there is the answer.
 * One pass: an escape that arises from the end of what is decoded already is decoded at once, so the work does not grow
 * with how often somebody encoded.
 */
function decodeAsciiFully(text: string): string {
  const out: string[] = []
  for (const character of text) {
    out.push(character)
    while (out.length >= 3 && out.at(-3) === '%') {
      const hex = out.at(-2)! + out.at(-1)!
      if (!/^[2-7][0-9a-f]$/i.test(hex) || DANGEROUS_ESCAPE.test(`%${hex}`)) break
      out.length -= 3
      out.push(String.fromCharCode(Number.parseInt(hex, 16)))
    }
  }
  return out.join('')
}

function resolveDotDot(segments: readonly string[]): string[] {
  const resolved: string[] = []
  for (const segment of segments) {
    if (segment === '..') resolved.pop()
    else resolved.push(segment)
  }
  return resolved
}

function join(segments: readonly string[], original: string): Path {
  if (segments.length === 0) return ROOT
  // "/a/." and "/a/.." name directories as much as "/a/" does.
  const directory = /\/\.{0,2}$/.test(original)
  return `/${segments.join('/')}${directory ? '/' : ''}` as Path
}
