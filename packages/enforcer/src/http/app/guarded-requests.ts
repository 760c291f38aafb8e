import { ConfigError, InvalidRequestError } from '@scitokens/core'
import type { Auth } from '../guard/auth.ts'
import type { Guard, Passed } from '../guard/guard.ts'
import type { Judged } from '../guard/judge-method.ts'
import type { WholeUrl } from '../request/url-namespace.ts'

/** A request that has passed, as its guard knows it. */
export interface GuardedRequest {
  /** The guard that let it pass. */
  readonly guard: Guard
  /** Who asks; undefined where credentials are optional and none came. */
  readonly auth: Auth | undefined
  /** What was judged last. */
  judged: Judged | undefined
  /** The request's URL, as the last guard left it. Undefined where none has judged it. */
  url: WholeUrl | undefined
}

/**
 * What the guard knows of each request, under a symbol of its own: other packages put an `auth` on requests too, and theirs must
 * not be taken for ours.
 */
export class GuardedRequests<R extends object, S extends GuardedRequest = GuardedRequest> {
  readonly #key: symbol = Symbol('scitokens.guarded')
  readonly #advice: string

  /** @param advice - what to do where no guard has seen the request, for the message. */
  constructor(advice: string) {
    this.#advice = advice
  }

  /** What an earlier guard has put in place of the request's URL stays known. */
  set(request: R, state: S): void {
    const before = (request as Record<symbol, S | undefined>)[this.#key]
    if (before) state.url = before.url
    ;(request as Record<symbol, S>)[this.#key] = state
  }

  /** Throws `config_error` where no guard has seen the request. */
  get(request: R): S {
    const state = (request as Record<symbol, S | undefined>)[this.#key]
    if (state) return state
    throw new ConfigError('config_error', `no guard has seen this request: ${this.#advice}`)
  }

  /** Throws `no_credentials` where credentials are optional and none came, `config_error` where no guard has seen the request. */
  auth(request: R): Auth {
    const { auth } = this.get(request)
    if (auth) return auth
    throw new InvalidRequestError('no_credentials', 'the request has no credentials')
  }

  /** Throws `config_error` where no path was judged. */
  judged(request: R): Judged {
    const { judged } = this.get(request)
    if (judged) return judged
    throw new ConfigError(
      'config_error',
      'no path was judged for this request: requireScope() or requireMethod() comes first',
    )
  }
}

/** What a guard let through, to be remembered; undefined where there was no path to judge. */
export function judgedFrom({ path, decision }: Passed): Judged | undefined {
  return path === undefined ? undefined : { path, grantedBy: decision?.grantedBy }
}
