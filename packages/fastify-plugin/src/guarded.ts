import type { Path } from '@scitokens/core'
import { type Auth, type Judged, type Stopped } from '@scitokens/enforcer/http'
import { type GuardedRequest, GuardedRequests } from '@scitokens/enforcer/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Sends a refusal, or hands it to the app's error handler. */
export type Refuse = (stopped: Stopped, reply: FastifyReply, done: (error?: Error) => void) => void

/** @internal What the plugin knows of each request. */
export const guarded: GuardedRequests<FastifyRequest, GuardedRequest & { readonly refuse: Refuse }> =
  new GuardedRequests('app.register(scitokens, { ... }) comes first')

/**
 * Who is asking.
 *
 * Throws `no_credentials` where credentials are optional and none came (see {@link findAuth}), `config_error` where the plugin is
 * not registered.
 */
export function getAuth(request: FastifyRequest): Auth {
  return guarded.auth(request)
}

/** Who is asking, or undefined where credentials are optional and none came. Throws `config_error` as {@link getAuth}. */
export function findAuth(request: FastifyRequest): Auth | undefined {
  return guarded.get(request).auth
}

/** What the last `requireScope` or `requireMethod` has judged. Throws `config_error` where there was none, or none with a path. */
export function getJudged(request: FastifyRequest): Judged {
  return guarded.judged(request)
}

/** The path that was judged, normalised and decoded: open this one. Throws as {@link getJudged}. */
export function getPath(request: FastifyRequest): Path {
  return guarded.judged(request).path
}
