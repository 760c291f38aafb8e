import type { IncomingMessage } from 'node:http'
import { coversPath, parseRequestPath, type Path } from '@scitokens/core'

/**
 * The least that a guard can do, for comparison: it keeps the tokens as they are, knows one prefix for all of them, explains nothing
 * and can do nothing else. Nobody should use it.
 *
 * @param expirations - of each token that is accepted, in milliseconds since the epoch.
 */
export function leastGuard(
  expirations: ReadonlyMap<string, number>,
  prefix: Path,
): (request: IncomingMessage) => { readonly token: string; readonly path: Path } {
  return ({ rawHeaders, url = '' }) => {
    let token: string | undefined
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (rawHeaders[i]!.length !== 13 || rawHeaders[i]!.toLowerCase() !== 'authorization') continue
      if (token !== undefined) throw new Error('more than one set of credentials')
      token = rawHeaders[i + 1]!.slice('Bearer '.length)
    }
    const expiration = token === undefined ? undefined : expirations.get(token)
    if (token === undefined || expiration === undefined || !(Date.now() < expiration)) throw new Error('not acceptable')
    const mark = url.indexOf('?')
    const path = parseRequestPath(mark === -1 ? url : url.slice(0, mark))
    if (!coversPath(prefix, path)) throw new Error('not allowed')
    return { token, path }
  }
}
