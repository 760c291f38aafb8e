import { fromRawHeaders } from '@scitokens/enforcer/http'
import {
  judgeMethod,
  type MethodGuardOptions,
  type MethodOutcome,
  readMethodQuestion,
} from '@scitokens/enforcer/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { guarded } from './guarded.ts'
import { RequestUrls } from './request-url.ts'
import type { GuardHook } from './require-scope.ts'

type Done = Parameters<GuardHook>[2]

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions extends MethodGuardOptions {}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the whole path of the URL. Handlers behind see URL and
 * wildcard as they were judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 *
 * Throws `config_error` at once for options that make no sense.
 */
export function requireMethod(options: RequireMethodOptions = {}): GuardHook {
  const { exists, hosts, urls: namespace } = readMethodQuestion(options)
  const urls = new RequestUrls(namespace)
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
