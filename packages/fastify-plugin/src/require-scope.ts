import {
  checkScope,
  judgedFrom,
  needFinder,
  readScopeQuestion,
  type ScopeGuardOptions,
} from '@scitokens/enforcer/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { guarded } from './guarded.ts'
import { RequestUrls } from './request-url.ts'

/** A hook for `onRequest`, of a route or of an instance. */
export type GuardHook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** Options of {@link requireScope}. `prefix` and `namespace` only without a path of one's own. */
export interface RequireScopeOptions extends ScopeGuardOptions {}

/**
 * Lets a request pass if its token allows `authz` on a path.
 *
 * Without `path`, it is the whole path of the URL, whatever the prefix of the plugin, and handlers see URL and wildcard in the normal form that was judged: they cannot serve
 * another file than the one that was judged. In a route with parameters the path must be told.
 *
 * Throws `config_error` at once for what no token can ever have, and for options that make no sense.
 *
 * @param authz - `read`; several, any one of which is enough; or `read:/fixed/path`.
 * @param path - the path that is served, or how to find it in a request.
 */
export function requireScope(
  authz: string | readonly string[],
  path?: string | ((request: FastifyRequest) => string),
  options: RequireScopeOptions = {},
): GuardHook {
  const question = readScopeQuestion(authz, path, options)
  const urls = new RequestUrls(question.urls)
  const needOf = needFinder(question, (request) => urls.toJudge(request))
  return (request, reply, done) => {
    const state = guarded.get(request)
    const outcome = checkScope(state.guard, state.auth, needOf, request)
    if (!outcome.ok) return state.refuse(outcome, reply, done)
    const judged = judgedFrom(outcome)
    if (judged !== undefined) {
      state.judged = judged
      if (question.path === undefined) urls.serveJudged(request, judged.path)
    }
    done()
  }
}
