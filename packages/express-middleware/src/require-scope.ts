import type { Path } from '@scitokens/core'
import {
  checkScope,
  cutTarget,
  judgedFrom,
  Mount,
  needFinder,
  pathOfRoute,
  requestTarget,
  RouteReader,
  scopeQuestion,
} from '@scitokens/enforcer/http'
import type { Request, RequestHandler } from 'express'
import { guarded } from './guarded.ts'

/** Options of {@link requireScope}. */
export interface RequireScopeOptions {
  /** Which part of the tokens' namespace lies below this mount, as in URLs. Only without a path of one's own. Default: all of it. */
  readonly prefix?: string
  /**
   * Whether the path that the function returns has been percent-decoded, as `req.params` is and `req.path` is not. Default: yes,
   * and a path in which escapes can still be seen is refused, because it might be either.
   */
  readonly pathIsDecoded?: boolean
}

/**
 * Lets a request pass if its token allows `authz` on a path.
 *
 * Without `path`, it is the URL's path below the mount, and the handlers behind see `req.url` in the normal form that was judged:
 * they cannot serve another file than the one that was judged. In a route with parameters the path must be told.
 *
 * @param authz - `read`; several, any one of which is enough; or `read:/fixed/path`.
 * @param path - the path that is served, or how to find it in a request.
 */
export function requireScope(
  authz: string | readonly string[],
  path?: string | ((request: Request) => string),
  options: RequireScopeOptions = {},
): RequestHandler {
  const question = scopeQuestion(authz)
  const mount = new Mount(options.prefix)
  const routes = new RouteReader()
  const chosen = path ?? question.path
  const fromUrl = (request: Request): string => mount.inNamespace(urlPath(request, routes, handler))
  const needOf = needFinder(question.authz, chosen, fromUrl, options.pathIsDecoded)
  const handler: RequestHandler = (request, response, next) => {
    const state = guarded.get(request)
    const outcome = checkScope(state.guard, state.auth, needOf, request)
    if (!outcome.ok) return state.refuse(outcome, response, next)
    const judged = judgedFrom(outcome)
    if (judged !== undefined) {
      state.judged = judged
      if (chosen === undefined) serveJudged(request, mount, judged.path)
    }
    next()
  }
  return handler
}

/** From now on the request's URL is the one that was judged, in its normal form. */
export function serveJudged(request: Request, mount: Mount, path: Path): void {
  const { path: came, query } = cutTarget(request.url)
  if (mount.isServed(came, path)) return // as it should be
  request.url = mount.served(path) + (query === '' ? '' : `?${query}`)
}

interface RouteOfExpress {
  readonly path: unknown
  readonly stack: readonly { readonly handle: unknown }[]
}

function urlPath(request: Request, routes: RouteReader, handler: RequestHandler): string {
  const { path } = requestTarget(request.url)
  // `request.route` stays what it was when a route passed the request on: it counts only if this handler is one of its own.
  const route = request.route as RouteOfExpress | undefined
  return route && isIn(route, handler) ? pathOfRoute(routes.read(route.path), path) : path
}

function isIn({ stack }: RouteOfExpress, handler: RequestHandler): boolean {
  for (const { handle } of stack) if (handle === handler) return true
  return false
}
