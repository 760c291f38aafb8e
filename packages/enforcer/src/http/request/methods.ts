import { InvalidRequestError, type StorageOperation } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** One thing that a request does to the namespace. All of a request's steps must be allowed. */
export interface Step {
  /** What is done. */
  readonly operation: StorageOperation
  /** As it is in the request: a URL's path, not decoded. */
  readonly path: string
  /** The new name of a `rename`. */
  readonly to?: string
}

/** What decides which operations a method stands for. */
export interface MethodContext {
  /** The request's method, in capitals. */
  readonly method: string
  /** The path of the URL as it is served: not decoded, without query. */
  readonly path: string
  /** Whether something is there already. Where it is not known, the stronger right is asked for. */
  readonly exists?: boolean
  /** For MOVE and COPY: the path in this server's namespace that `Destination` names, not decoded. */
  readonly destination?: string
  /** Whether something is at the destination already. Unknown counts as yes. */
  readonly destinationExists?: boolean
}

/** What a method does: an operation on the request's path, nothing at all, or steps of its own. */
export type MethodRule = StorageOperation | 'none' | ((context: MethodContext) => readonly Step[])

const put = ({ path, exists }: MethodContext): readonly Step[] => [
  { operation: exists === false ? 'createFile' : 'overwrite', path },
]

function destinationOf({ method, destination }: MethodContext): string {
  if (destination === undefined)
    throw new InvalidRequestError('invalid_request', `${method} needs a Destination on this server`)
  return destination
}

/**
 * HTTP (RFC 9110, RFC 5789) and WebDAV (RFC 4918) methods and what they do. `POST`, and whatever is not here, is refused
 * unless an override names it.
 */
export const METHOD_RULES: Readonly<Record<string, MethodRule>> = {
  OPTIONS: 'none',
  GET: 'read',
  HEAD: 'read',
  PROPFIND: 'read',
  PUT: put,
  PATCH: 'overwrite',
  PROPPATCH: 'overwrite',
  LOCK: 'overwrite',
  UNLOCK: 'overwrite',
  DELETE: 'delete',
  MKCOL: 'mkdir',
  COPY: (context) => [
    { operation: 'read', path: context.path },
    { operation: context.destinationExists === false ? 'createFile' : 'overwrite', path: destinationOf(context) },
  ],
  // Without replacing anything a move is a rename, which storage.create may do inside its own area; else it deletes at both
  // ends. WLCG profile 1.3 section 2.2.1.
  MOVE: (context) =>
    context.destinationExists === false
      ? [{ operation: 'rename', path: context.path, to: destinationOf(context) }]
      : [
          { operation: 'delete', path: context.path },
          { operation: 'overwrite', path: destinationOf(context) },
        ],
}

/**
 * The steps of a request. Throws `invalid_request` for a method that nothing is known about, and for COPY and MOVE without
 * destination.
 *
 * @param overrides - rules that go before {@link METHOD_RULES}; also for methods or actions of the app's own, such as
 *   `{ POST: 'stage' }`.
 */
export function stepsOf(context: MethodContext, overrides: Readonly<Record<string, MethodRule>> = {}): readonly Step[] {
  const rules = Object.hasOwn(overrides, context.method) ? overrides : METHOD_RULES
  const rule = Object.hasOwn(rules, context.method) ? rules[context.method] : undefined
  if (rule === undefined)
    throw new InvalidRequestError('invalid_request', `the method ${quote(context.method)} is not supported here`)
  if (rule === 'none') return []
  return typeof rule === 'string' ? [{ operation: rule, path: context.path }] : rule(context)
}
