import { parseRequestPath, type Path, SciTokenError } from '@scitokens/core'
import type { Auth } from './auth.ts'
import { destinationPath } from './destination.ts'
import type { Guard, Stopped } from './guard.ts'
import type { Judged } from './guarded-requests.ts'
import type { Mount } from './request-target.ts'

/** Whether something is at a path, in the tokens' namespace. */
export type Exists = (path: Path) => boolean | Promise<boolean>

/** A request whose method says what it does. */
export interface MethodRequest {
  readonly method: string
  /** The path below the mount, not decoded. A function, so that what is wrong with it is a refusal like any other. */
  readonly path: () => string
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
 * Paths that make no sense are refused like everything else; only what `exists` throws is thrown.
 */
export async function judgeMethod(
  guard: Guard,
  auth: Auth | undefined,
  request: MethodRequest,
  mount: Mount,
  exists?: Exists,
): Promise<MethodOutcome> {
  try {
    return await judge(guard, auth, request, mount, exists)
  } catch (error) {
    if (error instanceof SciTokenError) return guard.refuse(error)
    throw error
  }
}

async function judge(
  guard: Guard,
  auth: Auth | undefined,
  request: MethodRequest,
  mount: Mount,
  exists: Exists | undefined,
): Promise<MethodOutcome> {
  const path = mount.inNamespace(request.path())
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
