import type { IncomingMessage } from 'node:http'
import { coversPath, parseRequestPath, type Path } from '@scitokens/core'

/** In two steps, as every guard that is put together from "who asks" and "may they". */
export interface LeastGuard {
  /** Throws for whoever has no token that is accepted. */
  authenticate(request: IncomingMessage): void
  /** Throws for a path that no token gives. */
  authorize(request: IncomingMessage): void
}

/**
 * The least that a guard can do, for comparison: it keeps the tokens as they are, knows one prefix for all of them, remembers nothing
 * of a request, explains nothing and can do nothing else. Nobody should use it.
 *
 * @param expirations - of each token that is accepted, in milliseconds since the epoch.
 */
export function leastGuard(expirations: ReadonlyMap<string, number>, prefix: Path): LeastGuard {
  return {
    authenticate({ rawHeaders }) {
      let token: string | undefined
      for (let i = 0; i < rawHeaders.length; i += 2) {
        if (rawHeaders[i]!.length !== 13 || rawHeaders[i]!.toLowerCase() !== 'authorization') continue
        if (token !== undefined) throw new Error('more than one set of credentials')
        token = rawHeaders[i + 1]!.slice('Bearer '.length)
      }
      const expiration = token === undefined ? undefined : expirations.get(token)
      if (expiration === undefined || !(Date.now() < expiration)) throw new Error('not acceptable')
    },
    authorize({ url = '' }) {
      const mark = url.indexOf('?')
      if (!coversPath(prefix, parseRequestPath(mark === -1 ? url : url.slice(0, mark)))) throw new Error('not allowed')
    },
  }
}
