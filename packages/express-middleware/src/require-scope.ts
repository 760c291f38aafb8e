import {
  checkScope,
  judgedFrom,
  needFinder,
  readScopeQuestion,
  RouteReader,
  type ScopeGuardOptions,
} from '@scitokens/enforcer/internal'
import type { Request, RequestHandler } from 'express'
import { guarded } from './guarded.ts'
import { pathToJudge, serveJudged } from './request-url.ts'

/** Options of {@link requireScope}. `prefix` and `namespace` only without a path of one's own. */
export interface RequireScopeOptions extends ScopeGuardOptions {}

/**
 * Lets a request pass if its token allows `authz` on a path.
 *
 * Without `path`, it is the whole path of the URL (`req.originalUrl`), wherever this stands, and the handlers behind see `req.url` in
 * the normal form that was judged: they cannot serve another file than the one that was judged. In a route with parameters the path
 * must be told.
 *
 * Throws `config_error` at once for what no token can ever have, and for options that make no sense.
 *
 * @param authz - `read`; several, any one of which is enough; or `read:/fixed/path`.
 * @param path - the path that is served, or how to find it in a request.
 */
export function requireScope(
  authz: string | readonly string[],
  path?: string | ((request: Request) => string),
  options: RequireScopeOptions = {},
): RequestHandler {
  const question = readScopeQuestion(authz, path, options)
  const { urls } = question
  const routes = new RouteReader()
  const needOf = needFinder(question, (request) => pathToJudge(request, urls, routes, handler))
  const handler: RequestHandler = (request, response, next) => {
    const state = guarded.get(request)
    const outcome = checkScope(state.guard, state.auth, needOf, request)
    if (!outcome.ok) return state.refuse(outcome, response, next)
    const judged = judgedFrom(outcome)
    if (judged !== undefined) {
      state.judged = judged
      if (question.path === undefined) serveJudged(request, urls, judged.path)
    }
    next()
  }
  return handler
}
