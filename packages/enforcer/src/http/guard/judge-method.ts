import { InvalidRequestError, parseRequestPath, type Path, type Scope, SciTokenError } from '@scitokens/core'
import type { Auth } from './auth.ts'
import type { Stopped } from '../answer/refusal.ts'
import type { Guard } from './guard.ts'
import { type HeaderSource, headerValue, SEVERAL } from '../request/headers.ts'

/** Whether something is at a path, in the tokens' namespace. */
export type Exists = (path: Path) => boolean | Promise<boolean>

/** A request whose method says what it does. */
export interface MethodRequest {
  /** The request's method, in capitals. */
  readonly method: string
  /** The path to judge, not decoded. A function, so that what is wrong with it is a refusal like any other. */
  readonly path: () => string
  /**
   * All header fields, as {@link fromRawHeaders} has them: `Host` and `Destination` are read, and of fields that change what a method
   * does there may be one each.
   */
  readonly headers: HeaderSource
  /** Hosts that the destination may name besides the request's own `Host`. */
  readonly hosts: readonly string[]
  /** The path to judge, not decoded, of the other end of a COPY or MOVE, from its `Destination`. */
  readonly destination: (header: string | undefined, hosts: readonly string[]) => string | undefined
}

/**
 * Fields of which a second one would be joined to the first (`Overwrite: F` and `T` are then neither) or dropped, by Node and by what
 * stands before and behind it, each in its own way. RFC 9110 section 5.3 lets nobody send them twice, RFC 9112 section 3.2 not `Host`.
 */
const ONCE = ['overwrite', 'depth'] as const

/** What was judged. Open these paths, whatever the request's URL looks like. */
export interface Judged {
  /** The path that was judged, normalised and decoded. */
  readonly path: Path
  /** Whether something was there, as far as the guard was told: where not, the right to replace it was not asked for. */
  readonly exists?: boolean
  /** The other end of a MOVE or COPY, normalised, decoded. */
  readonly destination?: Path
  /** Whether something was at that other end, as far as the guard was told. */
  readonly destinationExists?: boolean
  /** The scope that allowed it, for the log. */
  readonly grantedBy?: Scope | undefined
}

/** What {@link judgeMethod} found. */
export type MethodOutcome = { readonly ok: true; readonly judged: Judged } | Stopped

/**
 * Judges what a method does (RFC 9110, RFC 4918), after finding out what is there already: PUT, COPY and MOVE need more where
 * they replace something. At once where nobody has to be waited for.
 *
 * Paths that make no sense are refused like everything else; only what `exists` throws is thrown.
 */
export function judgeMethod(
  guard: Guard,
  auth: Auth | undefined,
  request: MethodRequest,
  exists?: Exists,
): MethodOutcome | Promise<MethodOutcome> {
  const refuse = (error: unknown): Stopped => {
    if (error instanceof SciTokenError) return guard.refuse(error)
    throw error
  }
  try {
    const paths = pathsOf(request)
    if (!exists) return judge(guard, auth, request.method, paths, {})
    return lookUp(paths, exists).then((known) => judge(guard, auth, request.method, paths, known), refuse)
  } catch (error) {
    return refuse(error)
  }
}

/** A path as it came and as it is judged. */
interface BothForms {
  readonly text: string
  readonly path: Path
}

interface Paths {
  readonly from: BothForms
  readonly to: BothForms | undefined
}

type Known = Pick<Judged, 'exists' | 'destinationExists'>

function pathsOf(request: MethodRequest): Paths {
  const from = bothForms(request.path())
  const { headers, hosts } = request
  for (const name of ONCE) only(headers, name)
  const host = only(headers, 'host')
  const destination = only(headers, 'destination')
  const to = request.destination(destination, host === undefined ? hosts : [host, ...hosts])
  return { from, to: to === undefined ? undefined : bothForms(to) }
}

function only(headers: HeaderSource, name: string): string | undefined {
  const value = headerValue(headers, name)
  if (value === SEVERAL) throw new InvalidRequestError('invalid_request', `the request has more than one ${name} field`)
  return value
}

async function lookUp({ from, to }: Paths, exists: Exists): Promise<Known> {
  return { exists: await exists(from.path), ...(to && { destinationExists: await exists(to.path) }) }
}

function judge(guard: Guard, auth: Auth | undefined, method: string, { from, to }: Paths, known: Known): MethodOutcome {
  const outcome = guard.checkMethod(
    auth,
    { method, path: from.text },
    to === undefined ? known : { ...known, destination: to.text },
  )
  if (!outcome.ok) return outcome
  const grantedBy = outcome.decision?.grantedBy
  return { ok: true, judged: { ...known, path: from.path, grantedBy, ...(to && { destination: to.path }) } }
}

function bothForms(text: string): BothForms {
  return { text, path: parseRequestPath(text, { rejectDotSegments: true }) }
}
