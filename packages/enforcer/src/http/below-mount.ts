import { encodeScopePath, type Path } from '@scitokens/core'

/** Puts a mount's part of the namespace before a path below it; both as in URLs, not decoded. */
export function withPrefix(prefix: string, path: string): string {
  return prefix.replace(/\/+$/, '') + path
}

/**
 * The URL path that means exactly the path that was judged, below `prefix`: for the handlers that come after the guard, so that
 * what they serve is what was judged, however the request was spelt.
 */
export function servedPath(judged: Path, prefix: string): string {
  return encodeScopePath(judged.slice(prefix.replace(/\/+$/, '').length) as Path) || '/'
}
