import type { Path, SciTokenError } from '@scitokens/core'
import type { Decision } from '../../decision/decision.ts'
import type { ValidatedToken } from '../../decision/validated-token.ts'
import type { Stopped } from '../answer/refusal.ts'
import type { HeaderSource } from '../request/headers.ts'
import type { MethodContext } from '../request/methods.ts'
import type { Auth } from './auth.ts'

/** A request, in no framework's words. */
export interface GuardRequest {
  /** Its method, in capitals. */
  readonly method: string
  /** The path that is served, as it came: not decoded, without query. */
  readonly path: string
  /** Its query, not decoded. Only read where `queryParameter` is set. */
  readonly query?: string
  /** All header fields; give {@link fromRawHeaders} of Node's `rawHeaders`, so that a second `Authorization` is seen. */
  readonly headers: HeaderSource
  /** Ends the wait for an answer with `aborted`, for a client that has gone. */
  readonly signal?: AbortSignal
}

/** Where a request says who asks. */
export type Credentials = Pick<GuardRequest, 'headers' | 'query' | 'signal'>

/** What a request needs, where its method does not say. */
export interface Need {
  /** One authorization, or several of which any one is enough: `['storage.read', 'read']`. */
  readonly authz: string | readonly string[]
  /** The path it is needed on. Default: none, for authorizations without path. */
  readonly path?: string
  /** The path has been decoded already (a router's parameter). Default: false. */
  readonly pathIsDecoded?: boolean
  /** The path is that of a directory, whatever its spelling. Default: false. */
  readonly isDirectory?: boolean
}

/** What a method needs to be known of, besides the request: what is there already, and the other end of a COPY or MOVE. */
export type MethodKnowledge = Omit<MethodContext, 'method' | 'path'>

/** The answer of a guard: go on, or send this refusal. */
export type GuardOutcome = Passed | Stopped

/** A request that may be served. */
export interface Passed {
  /** True: the request may be served. */
  readonly ok: true
  /** Who asks. Undefined only where `required` is false and no credentials came. */
  readonly auth: Auth | undefined
  /** The normalised path that was judged: serve this one. */
  readonly path: Path | undefined
  /** What allowed it, where something was asked for. */
  readonly decision: Decision<ValidatedToken> | undefined
}

/** Judges requests for any server. */
export interface Guard {
  /**
   * Who is asking? The token must be acceptable; what it allows is asked later. At once for a token that is known, else a
   * promise.
   */
  authenticate(request: Credentials): GuardOutcome | Promise<GuardOutcome>
  /** Is this allowed? `auth` is what {@link Guard.authenticate} gave. No waiting, no key, no signature. */
  check(auth: Auth | undefined, need: Need): GuardOutcome
  /** Is what the method does to the path allowed? The path that is handed back is that of the request, not of its destination. */
  checkMethod(
    auth: Auth | undefined,
    request: Pick<GuardRequest, 'method' | 'path'>,
    known?: MethodKnowledge,
  ): GuardOutcome
  /** Both in one call: what the method and path say, or what `need` says. Look at the outcome's `ok`. */
  decide(request: GuardRequest, need?: Need | MethodKnowledge): Promise<GuardOutcome>
  /** The answer for an error from anywhere in these packages. */
  refuse(error: SciTokenError, missing?: readonly string[]): Stopped
}
