import { parseRequestPath, type Path, SciTokenError } from '@scitokens/core'
import { destinationPath, type GuardOutcome, Mount, requestTarget } from '@scitokens/enforcer/http'
import type { Request, RequestHandler } from 'express'
import { serveJudged } from './require-scope.ts'
import { setState, stateOf } from './request-state.ts'

/** Options of {@link requireMethod}. */
export interface RequireMethodOptions {
  /** Which part of the tokens' namespace lies below this mount, as in URLs. Default: all of it. */
  readonly prefix?: string
  /**
   * Whether something is at a path, so that PUT, COPY and MOVE ask for the right to create or for the right to replace. Without it
   * they ask for the stronger one.
   */
  readonly exists?: (path: Path) => boolean | Promise<boolean>
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts?: readonly string[]
}

/**
 * Lets a request pass if its token allows what its method does (RFC 9110, RFC 4918) to the path below the mount. Handlers behind
 * see `req.url` as it was judged; `getJudged` has the rest, with the other end of a MOVE or COPY.
 */
export function requireMethod(options: RequireMethodOptions = {}): RequestHandler {
  const mount = new Mount(options.prefix)
  return (request, response, next) => {
    judge(request, mount, options)
      .then((outcome) => {
        if (!outcome.ok) return stateOf(request).refuse(outcome, { response, next })
        next()
      })
      .catch(next)
  }
}

async function judge(
  request: Request,
  mount: Mount,
  { exists, hosts = [] }: RequireMethodOptions,
): Promise<GuardOutcome> {
  const { guard, auth } = stateOf(request)
  try {
    const path = mount.inNamespace(requestTarget(request.url).path)
    const destination = destinationPath(request.headers['destination'], {
      hosts: [request.headers.host ?? '', ...hosts],
      prefix: request.baseUrl,
    })
    const from = parse(path)
    const to = destination === undefined ? undefined : parse(mount.inNamespace(destination))
    const known = {
      ...(exists && { exists: await exists(from) }),
      ...(exists && to && { destinationExists: await exists(to) }),
    }
    const outcome = guard.checkMethod(
      auth,
      { method: request.method, path },
      { ...known, ...(destination !== undefined && { destination: mount.inNamespace(destination) }) },
    )
    if (!outcome.ok) return outcome
    serveJudged(request, mount, outcome)
    const grantedBy = outcome.decision?.grantedBy
    const judged = { ...known, path: from, grantedBy, ...(to && { destination: to }) }
    setState(request, { ...stateOf(request), judged })
    return outcome
  } catch (error) {
    if (error instanceof SciTokenError) return guard.refuse(error)
    throw error
  }
}

function parse(text: string): Path {
  return parseRequestPath(text, { rejectDotSegments: true })
}
