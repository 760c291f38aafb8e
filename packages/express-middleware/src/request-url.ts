import type { Path } from '@scitokens/core'
import type { Route, RouteReader, UrlNamespace } from '@scitokens/enforcer/internal'
import type { Request, RequestHandler } from 'express'
import { guarded } from './guarded.ts'

/**
 * The path to judge, not decoded: that of the whole URL, as the client wrote it or an earlier guard has left it, or the route's own
 * where it is fixed. Throws as `UrlNamespace`.
 *
 * @param handler - the guard, which may be a handler of the request's route.
 */
export function pathToJudge(
  request: Request,
  urls: UrlNamespace,
  routes: RouteReader,
  handler: RequestHandler,
): string {
  const state = guarded.get(request)
  const { originalUrl, baseUrl, url } = request
  state.url = urls.read(state.url?.target ?? originalUrl, baseUrl, url)
  const route = routeOf(request, routes, handler)
  return urls.toJudge(state.url, route && mayMatch(route, state.url.path.slice(baseUrl.length)) ? route : undefined)
}

/** From now on the request's URL is the one that was judged, in its normal form. */
export function serveJudged(request: Request, urls: UrlNamespace, path: Path): void {
  const state = guarded.get(request)
  const served = urls.toServe(state.url!, path)
  if (served === undefined) return // as it should be
  request.url = served.rest
  state.url = served.url
}

interface RouteOfExpress {
  readonly path: unknown
  readonly stack: readonly { readonly handle: unknown }[]
}

/** The route that this handler belongs to; undefined for a mount, whose path Express tells nobody. */
function routeOf(request: Request, routes: RouteReader, handler: RequestHandler): Route | undefined {
  // `request.route` stays what it was when a route passed the request on: it counts only if this handler is one of its own.
  const route = request.route as RouteOfExpress | undefined
  return route && isIn(route, handler) ? routes.read(route.path) : undefined
}

/**
 * Whether a route can be the one whose handler is running: a guard that stands in a route and in a mount as well sees the route that
 * passed the request on. Express ignores letter case and a slash at the end.
 */
function mayMatch({ literal, endsInWildcard }: Route, path: string): boolean {
  if (literal === undefined || path === literal || (endsInWildcard && path.startsWith(literal))) return true
  const [came, fixed] = [path.toLowerCase(), literal.toLowerCase()]
  return endsInWildcard ? came.startsWith(fixed) : came.replace(/\/$/, '') === fixed.replace(/\/$/, '')
}

function isIn({ stack }: RouteOfExpress, handler: RequestHandler): boolean {
  for (const { handle } of stack) if (handle === handler) return true
  return false
}
