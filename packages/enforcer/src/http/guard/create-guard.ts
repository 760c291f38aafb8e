import { InvalidRequestError, type SciTokenError } from '@scitokens/core'
import { type Allowed, type Decision, type Refused, refused } from '../../decision/decision.ts'
import { asSciTokenError } from '../../decision/fault.ts'
import type { AuthorizationQuestion } from '../../decision/question.ts'
import type { ValidatedToken } from '../../decision/validated-token.ts'
import { refusalOf, type Stopped } from '../answer/refusal.ts'
import { bearerCandidate, checkBearer } from '../request/bearer.ts'
import { stepsOf } from '../request/methods.ts'
import { type Auth, createAuth, validatedOf } from './auth.ts'
import type { Credentials, Guard, GuardOutcome, GuardRequest, MethodKnowledge, Need, Passed } from './guard.ts'
import { type GuardOptions, readGuardOptions } from './guard-options.ts'

/** Makes a {@link Guard}. Express, Fastify and `scitokens authz-server` are thin skins over it. Throws `config_error`. */
export function createGuard(options: GuardOptions): Guard {
  return new EnforcerGuard(readGuardOptions(options))
}

/** Asks an enforcer, and puts its answers in HTTP's words. */
class EnforcerGuard implements Guard {
  readonly #options: GuardOptions
  readonly #rejectDotSegments: boolean

  constructor(options: GuardOptions) {
    this.#options = options
    this.#rejectDotSegments = options.rejectDotSegments ?? true
  }

  authenticate(request: Credentials): GuardOutcome | Promise<GuardOutcome> {
    const { enforcer, required = true } = this.#options
    let bearer: string | undefined
    try {
      bearer = bearerCandidate(request, this.#options)
      if (bearer === undefined) return required ? this.refuse(noCredentials()) : ANONYMOUS
      const token = enforcer.validateSoon(bearer, request.signal && { signal: request.signal })
      return token instanceof Promise ? this.#wait(bearer, token) : passed(createAuth(bearer, token))
    } catch (error) {
      return this.#unacceptable(bearer, error)
    }
  }

  check(auth: Auth | undefined, need: Need): GuardOutcome {
    const token = validatedOf(auth)
    if (!auth || !token) return this.refuse(noCredentials())
    const refusals: Refused<ValidatedToken>[] = []
    for (const name of typeof need.authz === 'string' ? [need.authz] : need.authz) {
      const decision = token.decide(this.#questionOf(name, need))
      if (decision.allowed) return passed(auth, decision)
      refusals.push(decision)
    }
    const error = refusals[0]?.error ?? new InvalidRequestError('invalid_request', 'no authorization was asked for')
    return this.refuse(
      error,
      refusals.flatMap(({ missing }) => missing),
    )
  }

  checkMethod(
    auth: Auth | undefined,
    { method, path }: Pick<GuardRequest, 'method' | 'path'>,
    known: MethodKnowledge = {},
  ): GuardOutcome {
    const token = validatedOf(auth)
    if (!auth || !token) return this.refuse(noCredentials())
    const rejectDotSegments = this.#rejectDotSegments
    let first: GuardOutcome | undefined
    try {
      for (const step of stepsOf({ ...known, method, path }, this.#options.methods)) {
        const outcome = this.#outcomeOf(auth, token.decideOperation({ ...step, rejectDotSegments }))
        if (!outcome.ok) return outcome
        first ??= outcome
      }
    } catch (error) {
      return this.#outcomeOf(auth, refused(faultOf(error)))
    }
    return first ?? passed(auth)
  }

  async decide(request: GuardRequest, need: Need | MethodKnowledge = {}): Promise<GuardOutcome> {
    const outcome = await this.authenticate(request)
    if (!outcome.ok) return outcome
    // Optional credentials do not make a question optional.
    if (!outcome.auth) return this.refuse(noCredentials())
    return 'authz' in need ? this.check(outcome.auth, need) : this.checkMethod(outcome.auth, request, need)
  }

  refuse(error: SciTokenError, missing: readonly string[] = []): Stopped {
    return refusalOf(error, missing, this.#options)
  }

  async #wait(bearer: string, token: Promise<ValidatedToken>): Promise<GuardOutcome> {
    try {
      return passed(createAuth(bearer, await token))
    } catch (error) {
      return this.#unacceptable(bearer, error)
    }
  }

  /** What cannot be a token at all is a malformed request rather than a bad token. */
  #unacceptable(bearer: string | undefined, error: unknown): Stopped {
    try {
      if (bearer !== undefined) checkBearer(bearer)
      return this.refuse(faultOf(error))
    } catch (malformed) {
      return this.refuse(faultOf(malformed))
    }
  }

  /** A need is a question with other names for the rest of it: what is misspelt in it is misspelt in the question. */
  #questionOf(authz: string, need: Need): AuthorizationQuestion {
    return { ...need, authz, rejectDotSegments: this.#rejectDotSegments }
  }

  #outcomeOf(auth: Auth, decision: Decision<ValidatedToken>): GuardOutcome {
    return decision.allowed ? passed(auth, decision) : this.refuse(decision.error, decision.missing)
  }
}

const ANONYMOUS: Passed = { ok: true, auth: undefined, path: undefined, decision: undefined }

function passed(auth: Auth, decision?: Allowed<ValidatedToken>): Passed {
  return { ok: true, auth, path: decision?.normalizedPath, decision }
}

function noCredentials(): InvalidRequestError {
  return new InvalidRequestError('no_credentials', 'the request has no credentials')
}

function faultOf(error: unknown): SciTokenError {
  return asSciTokenError(error, 'the guard failed')
}
