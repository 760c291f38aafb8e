import { quote, TokenNotAcceptableError } from '../errors.ts'
import { coversPath, encodeScopePath, intersectPaths, parseScopePath, type Path, ROOT } from './paths.ts'

/** One item of a `scope` claim that grants something: an authorization, for a path or for everything. */
export interface Scope {
  /** The part before the first colon, case-sensitive: `read`, `storage.create`, `queue`. */
  readonly authz: string
  /** The path that the item names; `/` where it names none. */
  readonly path: Path
  /** Whether the item names a path. One without holds also where no path is asked for. */
  readonly hasPath: boolean
}

/** Options of {@link parseScopes}. */
export interface ScopeOptions {
  /** `https://scitokens.org/v1/authz/read:/x` means `read:/x`. Default: false, it means nothing. */
  readonly acceptUriScopes?: boolean
}

/** Authorizations that say nothing without a path: Claims document; WLCG profile 1.3 section 2.2.1 ("MUST be rejected"). */
const PATH_BEARING: ReadonlySet<string> = new Set([
  'read',
  'write',
  'create',
  'modify',
  'stage',
  'poll',
  'storage.read',
  'storage.create',
  'storage.modify',
  'storage.stage',
  'storage.poll',
])

/** Names that select claims or an identity instead of granting anything. OpenID Connect Core section 5.4; WLCG profile 1.3. */
export const SELECTORS: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
  'wlcg',
  'wlcg.groups',
  'wlcg.capabilityset',
  'aud',
])

const URI_PREFIX = 'https://scitokens.org/v1/authz/'
// White space other than the separator and controls end in logs and file names: no scope has them.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const NOT_IN_A_SCOPE = /[\s\u0000-\u001f\u007f-\u009f]/

/** Whether an authorization must come with a path, in a scope as in a question. */
export function needsPath(authz: string): boolean {
  // A storage capability that is not known yet means no more without a path than the known ones.
  return PATH_BEARING.has(authz) || authz.startsWith('storage.')
}

/** Reads one scope that must grant something, such as `read:/store`. Throws `invalid_scope`. */
export function parseScope(item: string): Scope {
  const scope = typeof item !== 'string' || item === '' || item.includes(' ') ? undefined : parseItem(item, {})
  if (!scope) throw invalid(item, 'grants nothing')
  return scope
}

/**
 * Reads one item of a claim: a scope, or undefined for what selects or identifies and grants nothing by itself. Throws `invalid_scope`.
 */
export function parseItem(item: string, options: ScopeOptions): Scope | undefined {
  if (NOT_IN_A_SCOPE.test(item) || !item.isWellFormed()) throw invalid(item, 'has a character that no scope has')
  if (options.acceptUriScopes && item.startsWith(URI_PREFIX)) return parseItem(item.slice(URI_PREFIX.length), {})
  const colon = item.indexOf(':')
  const authz = colon === -1 ? item : item.slice(0, colon)
  if (authz === '') throw invalid(item, 'has no authorization')
  if (/[\\"]/.test(authz)) throw invalid(item, 'has a character that no scope has')
  if (SELECTORS.has(authz)) return undefined
  if (colon === -1) {
    if (needsPath(authz)) throw invalid(item, 'needs a path')
    return { authz, path: ROOT, hasPath: false }
  }
  if (item.charCodeAt(colon + 1) === SLASH) {
    if (isWebAddress(authz, item)) return undefined
    return { authz, path: parseScopePath(item.slice(colon + 1)), hasPath: true }
  }
  if (needsPath(authz)) throw invalid(item, 'needs an absolute path')
  return undefined
}

const SLASH = 0x2f

function isWebAddress(authz: string, item: string): boolean {
  return (authz === 'https' || authz === 'http') && item.startsWith('//', authz.length + 1)
}

function invalid(item: string, why: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('invalid_scope', `the scope ${quote(item)} ${why}`, {
    claim: 'scope',
    actual: item,
  })
}

/** The scope as a token writes it, percent-encoded. */
export function formatScope(scope: Scope): string {
  return scope.hasPath ? `${scope.authz}:${encodeScopePath(scope.path)}` : scope.authz
}

/**
 * Whether whoever has `a` has all of `b`: the same authorization, or one that includes it, and a path that covers the
 * other's by whole components. Reflexive and transitive.
 */
export function covers(a: Scope, b: Scope): boolean {
  if (!includesAuthz(a.authz, b.authz)) return false
  if (!a.hasPath) return true
  return b.hasPath && coversPath(a.path, b.path)
}

/** Authorizations that another one includes. WLCG profile 1.3 section 2.2.1: modify includes create, stage includes poll. */
const INCLUDES: Readonly<Record<string, readonly string[]>> = {
  'storage.modify': ['storage.create'],
  'storage.stage': ['storage.poll'],
}

/** Whether holding `granted` is holding `asked`, by the capabilities' own names. */
function includesAuthz(granted: string, asked: string): boolean {
  if (granted === asked) return true
  return Object.hasOwn(INCLUDES, granted) && INCLUDES[granted]!.includes(asked)
}

/** The scope that both have in common, or undefined. */
export function intersect(a: Scope, b: Scope): Scope | undefined {
  const authz = includesAuthz(a.authz, b.authz) ? b.authz : includesAuthz(b.authz, a.authz) ? a.authz : undefined
  if (authz === undefined) return undefined
  if (!a.hasPath) return { ...b, authz }
  if (!b.hasPath) return { ...a, authz }
  const path = intersectPaths(a.path, b.path)
  return path === undefined ? undefined : { authz, path, hasPath: true }
}

/** One text for each scope: no authorization has a colon. */
export function nameOf({ authz, path, hasPath }: Scope): string {
  return hasPath ? `${authz}:${path}` : authz
}
