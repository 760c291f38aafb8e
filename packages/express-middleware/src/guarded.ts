import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Path } from '@scitokens/core'
import { type Auth, type Judged, type Stopped } from '@scitokens/enforcer/http'
import { type GuardedRequest, GuardedRequests } from '@scitokens/enforcer/internal'

/** Hands a refusal to whoever answers it: the app's error handler, or this package. */
export type Refuse = (stopped: Stopped, response: ServerResponse, next: (error?: unknown) => void) => void

/** @internal What the middleware knows of each request. */
export const guarded: GuardedRequests<IncomingMessage, GuardedRequest & { readonly refuse: Refuse }> =
  new GuardedRequests('app.use(scitokens({ ... })) comes first')

/**
 * Who is asking.
 *
 * Throws `no_credentials` where credentials are optional and none came (see {@link findAuth}), `config_error` where `scitokens()`
 * did not run.
 */
export function getAuth(request: IncomingMessage): Auth {
  return guarded.auth(request)
}

/** Who is asking, or undefined where credentials are optional and none came. Throws `config_error` as {@link getAuth}. */
export function findAuth(request: IncomingMessage): Auth | undefined {
  return guarded.get(request).auth
}

/** What the last `requireScope` or `requireMethod` has judged. Throws `config_error` where there was none, or none with a path. */
export function getJudged(request: IncomingMessage): Judged {
  return guarded.judged(request)
}

/** The path that was judged, normalised and decoded: open this one. Throws as {@link getJudged}. */
export function getPath(request: IncomingMessage): Path {
  return guarded.judged(request).path
}
