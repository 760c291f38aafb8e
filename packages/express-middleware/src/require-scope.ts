import {
  checkScope,
  judgedFrom,
  needFinder,
  RouteReader,
  scopeQuestion,
  UrlNamespace,
  type UrlNamespaceOptions,
} from '@scitokens/enforcer/http'
import type { Request, RequestHandler } from 'express'
import { guarded } from './guarded.ts'
import { pathToJudge, serveJudged } from './request-url.ts'

/** Options of {@link requireScope}. `prefix` and `namespace` only without a path of one's own. */
export interface RequireScopeOptions extends UrlNamespaceOptions {
  /**
   * Whether the path that the function returns has been percent-decoded, as `req.params` is and `req.path` is not. Default: yes,
   * and a path in which escapes can still be seen is refused, because it might be either.
   */
  readonly pathIsDecoded?: boolean
}

/**
 * Lets a request pass if its token allows `authz` on a path.
 *
 * Without `path`, it is the whole path of the URL (`req.originalUrl`), wherever this stands, and the handlers behind see `req.url` in
 * the normal form that was judged: they cannot serve another file than the one that was judged. In a route with parameters the path
 * must be told.
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
  const urls = new UrlNamespace(options)
  const routes = new RouteReader()
  const chosen = path ?? question.path
  const fromUrl = (request: Request): string => pathToJudge(request, urls, routes, handler)
  const needOf = needFinder(question.authz, chosen, fromUrl, options.pathIsDecoded)
  const handler: RequestHandler = (request, response, next) => {
    const state = guarded.get(request)
    const outcome = checkScope(state.guard, state.auth, needOf, request)
    if (!outcome.ok) return state.refuse(outcome, response, next)
    const judged = judgedFrom(outcome)
    if (judged !== undefined) {
      state.judged = judged
      if (chosen === undefined) serveJudged(request, urls, judged.path)
    }
    next()
  }
  return handler
}
