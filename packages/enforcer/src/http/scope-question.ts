import { InvalidRequestError, SciTokenError } from '@scitokens/core'
import type { Auth } from './auth.ts'
import type { Guard, GuardOutcome, Need } from './guard.ts'

/** Authorizations any one of which is enough, and their path where it is fixed. */
export interface ScopeQuestion {
  readonly authz: readonly string[]
  readonly path: string | undefined
}

/** Reads what an app writes: `read`, `read:/fixed/path`, or a list of authorizations. */
export function scopeQuestion(authz: string | readonly string[]): ScopeQuestion {
  if (typeof authz !== 'string') return { authz, path: undefined }
  const colon = authz.indexOf(':')
  return colon === -1
    ? { authz: [authz], path: undefined }
    : { authz: [authz.slice(0, colon)], path: authz.slice(colon + 1) }
}

/**
 * How to find out what a request needs. What is given back throws `invalid_request`, and whatever `path` and `urlPath` throw.
 *
 * @param authz - any one of these.
 * @param path - what the app says: the path, or where it is in a request. Undefined: it is that of the URL.
 * @param urlPath - the path of a request's URL, not decoded.
 * @param pathIsDecoded - whether what the app's own function finds has been decoded already. Routers give parameters decoded and
 *   paths as they came; where it is not said which, and an escape can still be seen, it might be either, and is refused.
 */
export function needFinder<R>(
  authz: readonly string[],
  path: string | ((request: R) => string) | undefined,
  urlPath: (request: R) => string,
  pathIsDecoded: boolean | undefined,
): (request: R) => Need {
  if (path === undefined) return (request) => ({ authz, path: urlPath(request) })
  if (typeof path === 'string') return () => ({ authz, path })
  return (request) => {
    const found = path(request)
    if (pathIsDecoded === undefined && /%[0-9a-f]{2}/i.test(found)) {
      throw new InvalidRequestError('the path has percent escapes: say with pathIsDecoded whether it has been decoded')
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
