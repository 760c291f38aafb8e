import {
  type Exists,
  fromRawHeaders,
  judgeMethod,
  type MethodOutcome,
  Mount,
  requestTarget,
} from '@scitokens/enforcer/http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { guarded } from './guarded.ts'
import { serveJudged } from './require-scope.ts'

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions {
  /** Which part of the tokens' namespace lies below this mount, as in URLs. Default: all of it. */
  readonly prefix?: string
  /**
   * Whether something is at a path, so that PUT, COPY and MOVE ask for the right to create or for the right to replace. Without it
   * they ask for the stronger one.
   */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts?: readonly string[]
}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the path below the mount: for `app.use`.
 * Handlers behind see `req.url` as it was judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 */
export function requireMethod({ prefix, exists, hosts = [] }: RequireMethodOptions = {}): RequestHandler {
  const mount = new Mount(prefix)
  const proceed = (outcome: MethodOutcome, request: Request, response: Response, next: NextFunction): void => {
    if (!outcome.ok) return guarded.get(request).refuse(outcome, response, next)
    guarded.get(request).judged = outcome.judged
    serveJudged(request, mount, outcome.judged.path)
    next()
  }
  return (request, response, next) => {
    const { guard, auth } = guarded.get(request)
    const outcome = judgeMethod(guard, auth, methodRequest(request, hosts), mount, exists)
    if (!(outcome instanceof Promise)) return proceed(outcome, request, response, next)
    outcome.then((waited) => proceed(waited, request, response, next)).catch(next)
  }
}

function methodRequest(request: Request, hosts: readonly string[]): Parameters<typeof judgeMethod>[2] {
  return {
    method: request.method,
    path: () => requestTarget(request.url).path,
    headers: fromRawHeaders(request.rawHeaders),
    mountedAt: request.baseUrl,
    hosts,
  }
}
