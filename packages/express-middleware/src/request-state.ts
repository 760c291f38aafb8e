import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError, InvalidRequestError, type Path, type Scope } from '@scitokens/core'
import type { Auth, Guard, Stopped } from '@scitokens/enforcer/http'

/** What the middleware knows of a request. */
export interface RequestState {
  readonly guard: Guard
  readonly auth: Auth | undefined
  /** Passes a refusal on as the app wants it. */
  readonly refuse: Refuse
  readonly judged?: Judged
}

/** What was judged. Open these paths, whatever the request's URL looks like. */
export interface Judged {
  /** Normalised, decoded. */
  readonly path: Path
  /** Whether something was there, as far as `requireMethod` was told: without, the right to replace it was not asked for. */
  readonly exists?: boolean
  /** The other end of a MOVE or COPY, normalised, decoded. */
  readonly destination?: Path
  readonly destinationExists?: boolean
  /** The scope that allowed it, for the log. */
  readonly grantedBy?: Scope | undefined
}

/** Hands a refusal to whoever answers it. */
export type Refuse = (stopped: Stopped, context: RefuseContext) => void

/** The rest of Express's arguments. */
export interface RefuseContext {
  readonly response: ServerResponse
  readonly next: (error?: unknown) => void
}

// Kept beside the request rather than on it: other packages put an `auth` there too, and theirs must not be taken for ours.
const states = new WeakMap<IncomingMessage, RequestState>()

/** Remembers what is known of a request. */
export function setState(request: IncomingMessage, state: RequestState): void {
  states.set(request, state)
}

/** Throws `config_error` where `scitokens()` did not run. */
export function stateOf(request: IncomingMessage): RequestState {
  const state = states.get(request)
  if (state) return state
  throw new ConfigError('scitokens() did not run before this: app.use(scitokens({ ... })) comes first')
}

/**
 * Who is asking.
 *
 * Throws `no_credentials` where credentials are optional and none came (see {@link findAuth}), `config_error` where `scitokens()`
 * did not run.
 */
export function getAuth(request: IncomingMessage): Auth {
  const auth = findAuth(request)
  if (auth) return auth
  throw new InvalidRequestError('the request has no credentials', {}, 'no_credentials')
}

/** Who is asking, or undefined where credentials are optional and none came. Throws `config_error` as {@link getAuth}. */
export function findAuth(request: IncomingMessage): Auth | undefined {
  return stateOf(request).auth
}

/**
 * What the last `requireScope` or `requireMethod` has judged. Throws `config_error` where there was none, or none with a path.
 */
export function getJudged(request: IncomingMessage): Judged {
  const { judged } = stateOf(request)
  if (judged) return judged
  throw new ConfigError('no path was judged for this request: requireScope() or requireMethod() comes first')
}

/** The path that was judged, normalised and decoded: open this one. Throws as {@link getJudged}. */
export function getPath(request: IncomingMessage): Path {
  return getJudged(request).path
}
