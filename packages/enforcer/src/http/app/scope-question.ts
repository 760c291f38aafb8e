import { InvalidRequestError, SciTokenError } from '@scitokens/core'
import type { Auth } from '../guard/auth.ts'
import type { Guard, GuardOutcome, Need } from '../guard/guard.ts'
import type { ScopeQuestion } from './guard-question.ts'

/**
 * How to find out what a request needs. What is given back throws `invalid_request`, and whatever the app's function and `urlPath`
 * throw. Routers give parameters decoded and paths as they came; where it is not said which the app's function finds, and an escape can
 * still be seen, it might be either, and is refused.
 *
 * @param urlPath - the path to judge of a request's URL, not decoded.
 */
export function needFinder<R>(
  { authz, path, pathIsDecoded }: Pick<ScopeQuestion<R>, 'authz' | 'path' | 'pathIsDecoded'>,
  urlPath: (request: R) => string,
): (request: R) => Need {
  if (path === undefined) return (request) => ({ authz, path: urlPath(request) })
  if (typeof path === 'string') return () => ({ authz, path })
  return (request) => {
    const found = path(request)
    if (pathIsDecoded === undefined && /%[0-9a-f]{2}/i.test(found)) {
      throw new InvalidRequestError(
        'invalid_request',
        'the path has percent escapes: say with pathIsDecoded whether it has been decoded',
      )
    }
    return { authz, path: found, pathIsDecoded: pathIsDecoded ?? true }
  }
}

/**
 * Asks the guard; what is wrong with the question itself is a refusal like any other.
 *
 * @param needOf - what the request needs.
 */
export function checkScope<R>(
  guard: Guard,
  auth: Auth | undefined,
  needOf: (request: R) => Need,
  request: R,
): GuardOutcome {
  try {
    return guard.check(auth, needOf(request))
  } catch (error) {
    if (error instanceof SciTokenError) return guard.refuse(error)
    throw error
  }
}
