import { type Exists, fromRawHeaders, judgeMethod, type MethodOutcome } from '@scitokens/enforcer/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { guarded } from './guarded.ts'
import type { GuardHook } from './require-scope.ts'
import { type UrlPathOptions, UrlPaths } from './url-path.ts'

type Done = Parameters<GuardHook>[2]

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions extends UrlPathOptions {
  /**
   * Whether something is at a path, so that PUT, COPY and MOVE ask for the right to create or for the right to replace. Without it
   * they ask for the stronger one.
   */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts?: readonly string[]
}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the URL's path. Handlers behind see URL and
 * wildcard as they were judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 */
export function requireMethod({ exists, hosts = [], ...where }: RequireMethodOptions = {}): GuardHook {
  const urls = new UrlPaths(where)
  const proceed = (outcome: MethodOutcome, request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    if (!outcome.ok) return guarded.get(request).refuse(outcome, reply, done)
    guarded.get(request).judged = outcome.judged
    urls.serveJudged(request, outcome.judged.path)
    done()
  }
  return (request, reply, done) => {
    const { guard, auth } = guarded.get(request)
    const asked = {
      method: request.method,
      path: () => urls.below(request),
      headers: fromRawHeaders(request.raw.rawHeaders),
      mountedAt: urls.mountedAt,
      hosts,
    }
    const outcome = judgeMethod(guard, auth, asked, urls.mount, exists)
    if (!(outcome instanceof Promise)) return proceed(outcome, request, reply, done)
    outcome.then((waited) => proceed(waited, request, reply, done)).catch(done)
  }
}
