import { InvalidRequestError, SciTokenError } from '@scitokens/core'
import { type GuardOutcome, Mount, type Need, type Passed, requestTarget } from '@scitokens/enforcer/http'
import type { Request, RequestHandler } from 'express'
import { setState, stateOf } from './request-state.ts'

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
 * Without `path`, it is the path below the mount, and the handlers behind see `req.url` in the normal form that was judged: they
 * cannot serve another file than the one that was judged.
 *
 * @param authz - `read`; several, any one of which is enough; or `read:/fixed/path`.
 * @param path - the path that is served, or how to find it in a request.
 */
export function requireScope(
  authz: string | readonly string[],
  path?: string | ((request: Request) => string),
  options: RequireScopeOptions = {},
): RequestHandler {
  const [names, fixed] = splitScope(authz)
  const mount = new Mount(options.prefix)
  const chosen = path ?? fixed
  return (request, response, next) => {
    const { guard, auth, refuse } = stateOf(request)
    let outcome: GuardOutcome
    try {
      outcome = guard.check(auth, { authz: names, ...pathOf(request, chosen, mount, options) })
    } catch (error) {
      if (!(error instanceof SciTokenError)) return next(error)
      outcome = guard.refuse(error)
    }
    if (!outcome.ok) return refuse(outcome, { response, next })
    if (chosen === undefined) serveJudged(request, mount, outcome)
    if (outcome.path !== undefined)
      setState(request, { ...stateOf(request), judged: { path: outcome.path, grantedBy: outcome.decision?.grantedBy } })
    next()
  }
}

/** From now on the request's URL is the one that was judged, in its normal form. */
export function serveJudged(request: Request, mount: Mount, { path }: Pick<Passed, 'path'>): void {
  if (path === undefined) return
  const { query } = requestTarget(request.url)
  request.url = mount.served(path) + (query === '' ? '' : `?${query}`)
}

function splitScope(authz: string | readonly string[]): [names: readonly string[], path: string | undefined] {
  if (typeof authz !== 'string') return [authz, undefined]
  const colon = authz.indexOf(':')
  return colon === -1 ? [[authz], undefined] : [[authz.slice(0, colon)], authz.slice(colon + 1)]
}

function pathOf(
  request: Request,
  path: string | ((request: Request) => string) | undefined,
  mount: Mount,
  { pathIsDecoded }: RequireScopeOptions,
): Pick<Need, 'path' | 'pathIsDecoded'> {
  if (path === undefined) return { path: mount.inNamespace(requestTarget(request.url).path) }
  if (typeof path === 'string') return { path }
  const found = path(request)
  if (pathIsDecoded === undefined && /%[0-9a-f]{2}/i.test(found)) {
    throw new InvalidRequestError('the path has percent escapes: say with pathIsDecoded whether it has been decoded')
  }
  return { path: found, pathIsDecoded: pathIsDecoded ?? true }
}
