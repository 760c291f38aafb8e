import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** Name of this library's own cache file. */
export const CACHE_FILE = 'scitokens_js.sqlite'

/** Name of scitokens-cpp's cache file, which may lie in the same directory. The two l's are theirs. */
export const CPP_CACHE_FILE = 'scitokens_cpp.sqllite'

/**
 * The directory that the SciTokens libraries of one user share: `scitokens` below the XDG cache directory, or below `.cache`
 * in the home directory. Throws where the user has none.
 *
 * @param xdgCacheHome - the value of `XDG_CACHE_HOME`, which a library does not read by itself. A relative one does not count
 *   (XDG Base Directory Specification).
 */
export function defaultCacheDirectory(xdgCacheHome?: string): string {
  const base = xdgCacheHome !== undefined && isAbsolute(xdgCacheHome) ? xdgCacheHome : join(homedir(), '.cache')
  return join(base, 'scitokens')
}
