import { parseRequestPath, type Path } from '@scitokens/core'
import type { Auth } from './auth.ts'
import { destinationPath } from './destination.ts'
import type { Guard, Stopped } from './guard.ts'
import type { Judged } from './guarded-requests.ts'
import { type Mount, requestTarget } from './request-target.ts'

/** Whether something is at a path, in the tokens' namespace. */
export type Exists = (path: Path) => boolean | Promise<boolean>

/** A request whose method says what it does. */
export interface MethodRequest {
  readonly method: string
  /** The request target below the mount: `/a/b?c`. */
  readonly target: string
  /** The header field `Destination`. */
  readonly destination: string | readonly string[] | undefined
  /** What stands before the mount in URLs. */
  readonly mountedAt: string
  /** Hosts that the destination may name. */
  readonly hosts: readonly string[]
}

/** What {@link judgeMethod} found. */
export type MethodOutcome = { readonly ok: true; readonly judged: Judged } | Stopped

/**
 * Judges what a method does (RFC 9110, RFC 4918), after finding out what is there already: PUT, COPY and MOVE need more where
 * they replace something.
 *
 * Throws `invalid_request` for paths that make no sense.
 */
export async function judgeMethod(
  guard: Guard,
  auth: Auth | undefined,
  request: MethodRequest,
  mount: Mount,
  exists?: Exists,
): Promise<MethodOutcome> {
  const path = mount.inNamespace(requestTarget(request.target).path)
  const below = destinationPath(request.destination, { hosts: request.hosts, prefix: request.mountedAt })
  const destination = below === undefined ? undefined : mount.inNamespace(below)
  const from = parse(path)
  const to = destination === undefined ? undefined : parse(destination)
  const known = {
    ...(exists && { exists: await exists(from) }),
    ...(exists && to && { destinationExists: await exists(to) }),
  }
  const outcome = guard.checkMethod(
    auth,
    { method: request.method, path },
    { ...known, ...(destination !== undefined && { destination }) },
  )
  if (!outcome.ok) return outcome
  const grantedBy = outcome.decision?.grantedBy
  return { ok: true, judged: { ...known, path: from, grantedBy, ...(to && { destination: to }) } }
}

function parse(text: string): Path {
  return parseRequestPath(text, { rejectDotSegments: true })
}
