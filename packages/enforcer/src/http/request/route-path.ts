import { ConfigError, InvalidRequestError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** A route that stands for one path, or for all that begin with a text. */
const PLAIN_ROUTE = /^([^:*{}()?+[\]%]*)(\{?\*\w*\}?)?$/

/** A route as far as a guard has to understand it. */
export interface Route {
  /** As the router was given it. */
  readonly pattern: unknown
  /** What stands before the wildcard; the whole route where there is none. Undefined: it has parameters. */
  readonly literal: string | undefined
  /** Whether the route stands for everything that begins with `literal`. */
  readonly endsInWildcard: boolean
}

/** Reads a route's pattern: `/data/*`, `/data/*rest`, `/status`. */
export function parseRoute(pattern: unknown): Route {
  const [, literal, wildcard] = (typeof pattern === 'string' && PLAIN_ROUTE.exec(pattern)) || []
  return { pattern, literal, endsInWildcard: wildcard !== undefined }
}

/** Reads the patterns of routes; the same few come again and again, and the last one is remembered. */
export class RouteReader {
  #last: Route = parseRoute(undefined)

  /** Reads a route's pattern, as {@link parseRoute}. */
  read(pattern: unknown): Route {
    if (this.#last.pattern !== pattern) this.#last = parseRoute(pattern)
    return this.#last
  }
}

/**
 * The path that a route serves, for a guard that was told none: the route's own where it is fixed, the request's where it ends in a
 * wildcard. Routers are lenient in letter case, trailing slashes and percent-encoding: a request that spells the route in another
 * way is refused, so that nobody can choose which of two spellings is judged.
 *
 * Throws `config_error` for a route with parameters (which part of it is a path, only the app knows), `invalid_request`.
 *
 * @param path - of the request, not decoded.
 */
export function pathOfRoute({ pattern, literal, endsInWildcard }: Route, path: string): string {
  if (literal === undefined) {
    throw new ConfigError(
      'config_error',
      `the route ${quote(String(pattern))} has parameters: tell requireScope, as its second argument, which path it serves`,
    )
  }
  if (!endsInWildcard) return literal
  if (path.startsWith(literal)) return path
  throw new InvalidRequestError('invalid_request', 'the request does not spell the route as it is')
}
