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
 * A path that an app's own function found in a request. Routers give parameters decoded and paths as they came; where it is not
 * said which, and an escape can still be seen, it might be either. Throws `invalid_request`.
 */
export function foundPath(path: string, pathIsDecoded: boolean | undefined): Pick<Need, 'path' | 'pathIsDecoded'> {
  if (pathIsDecoded === undefined && /%[0-9a-f]{2}/i.test(path)) {
    throw new InvalidRequestError('the path has percent escapes: say with pathIsDecoded whether it has been decoded')
  }
  return { path, pathIsDecoded: pathIsDecoded ?? true }
}

/**
 * Asks the guard; what is wrong with the question itself is a refusal like any other.
 *
 * @param where - finds the path in the request.
 */
export function checkScope<R>(
  guard: Guard,
  auth: Auth | undefined,
  authz: readonly string[],
  where: (request: R) => Pick<Need, 'path' | 'pathIsDecoded'>,
  request: R,
): GuardOutcome {
  try {
    const { path, pathIsDecoded = false } = where(request)
    return guard.check(auth, path === undefined ? { authz } : { authz, path, pathIsDecoded })
  } catch (error) {
    if (error instanceof SciTokenError) return guard.refuse(error)
    throw error
  }
}
