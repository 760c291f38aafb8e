import { fromRawHeaders } from '@scitokens/enforcer/http'
import {
  judgeMethod,
  type MethodGuardOptions,
  type MethodOutcome,
  type MethodRequest,
  readMethodQuestion,
  RouteReader,
} from '@scitokens/enforcer/internal'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { guarded } from './guarded.ts'
import { pathToJudge, serveJudged } from './request-url.ts'

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions extends MethodGuardOptions {}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the whole path of the URL: for `app.use`.
 * Handlers behind see `req.url` as it was judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 *
 * Throws `config_error` at once for options that make no sense.
 */
export function requireMethod(options: RequireMethodOptions = {}): RequestHandler {
  const { exists, hosts, urls } = readMethodQuestion(options)
  const routes = new RouteReader()
  const proceed = (outcome: MethodOutcome, request: Request, response: Response, next: NextFunction): void => {
    if (!outcome.ok) return guarded.get(request).refuse(outcome, response, next)
    guarded.get(request).judged = outcome.judged
    serveJudged(request, urls, outcome.judged.path)
    next()
  }
  const asked = (request: Request): MethodRequest => ({
    method: request.method,
    path: () => pathToJudge(request, urls, routes, handler),
    headers: fromRawHeaders(request.rawHeaders),
    hosts,
    destination: (header, among) => urls.destination(header, guarded.get(request).url!, among),
  })
  const handler: RequestHandler = (request, response, next) => {
    const { guard, auth } = guarded.get(request)
    const outcome = judgeMethod(guard, auth, asked(request), exists)
    if (!(outcome instanceof Promise)) return proceed(outcome, request, response, next)
    outcome.then((waited) => proceed(waited, request, response, next)).catch(next)
  }
  return handler
}
