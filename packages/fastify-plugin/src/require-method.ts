import {
  type Exists,
  fromRawHeaders,
  judgeMethod,
  type MethodOutcome,
  UrlNamespace,
  type UrlNamespaceOptions,
} from '@scitokens/enforcer/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { guarded } from './guarded.ts'
import { RequestUrls } from './request-url.ts'
import type { GuardHook } from './require-scope.ts'

type Done = Parameters<GuardHook>[2]

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions extends UrlNamespaceOptions {
  /**
   * Whether something is at a path, so that PUT, COPY and MOVE ask for the right to create or for the right to replace. Without it
   * they ask for the stronger one.
   */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts?: readonly string[]
}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the whole path of the URL. Handlers behind see URL and
 * wildcard as they were judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 */
export function requireMethod({ exists, hosts = [], ...where }: RequireMethodOptions = {}): GuardHook {
  const urls = new RequestUrls(new UrlNamespace(where))
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
      path: () => urls.toJudge(request),
      headers: fromRawHeaders(request.raw.rawHeaders),
      hosts,
      destination: (header: string | undefined, among: readonly string[]) => urls.destination(request, header, among),
    }
    const outcome = judgeMethod(guard, auth, asked, exists)
    if (!(outcome instanceof Promise)) return proceed(outcome, request, reply, done)
    outcome.then((waited) => proceed(waited, request, reply, done)).catch(done)
  }
}
