// What an app says a request needs: read when the guard is made, so that what makes no sense does not wait for a request.
import { ConfigError, parseRequestPath, parseScope, SciTokenError } from '@scitokens/core'
import { callable, flag, listOf, type OptionReaders, quote, readOptions, wrong } from '@scitokens/core/internal'
import { readHost } from '../request/destination.ts'
import type { Exists } from '../guard/judge-method.ts'
import { URL_READERS, UrlNamespace, type UrlNamespaceOptions } from '../request/url-namespace.ts'

/** Options of a skin's `requireScope`. `prefix` and `namespace` only without a path of one's own. */
export interface ScopeGuardOptions extends UrlNamespaceOptions {
  /**
   * Whether the path that the function returns has been percent-decoded, as a router's parameters are and the path of a URL is not.
   * Default: yes, and a path in which escapes can still be seen is refused, because it might be either.
   */
  readonly pathIsDecoded?: boolean
}

/** Options of a skin's `requireMethod`. */
export interface MethodGuardOptions extends UrlNamespaceOptions {
  /**
   * Whether something is at a path, so that PUT, COPY and MOVE ask for the right to create or for the right to replace. Without it
   * they ask for the stronger one.
   */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts?: readonly string[]
}

const SCOPE_GUARD_READERS: OptionReaders<ScopeGuardOptions> = { ...URL_READERS, pathIsDecoded: flag }
const METHOD_GUARD_READERS: OptionReaders<MethodGuardOptions> = {
  ...URL_READERS,
  exists: callable<Exists>(),
  hosts: listOf(readHost, { empty: true }),
}

/** What `requireScope` asks. */
export interface ScopeQuestion<R> {
  /** Any one of these is enough. */
  readonly authz: readonly string[]
  /** The path, or where it is in a request. Undefined: it is that of the URL. */
  readonly path: string | ((request: R) => string) | undefined
  /** Undefined: not said. */
  readonly pathIsDecoded: boolean | undefined
  /** Translates URLs into the namespace of the tokens. */
  readonly urls: UrlNamespace
}

/** What `requireMethod` asks. */
export interface MethodQuestion {
  /** Whether something is at a path; undefined where nobody can tell. */
  readonly exists: Exists | undefined
  /** Hosts that a `Destination` may name besides the request's own `Host`. */
  readonly hosts: readonly string[]
  /** Translates URLs into the namespace of the tokens. */
  readonly urls: UrlNamespace
}

/**
 * Reads what an app says to `requireScope`. Throws `config_error`.
 *
 * @param authz - `read`, `read:/fixed/path`, or a list of authorizations.
 */
export function readScopeQuestion<R>(
  authz: string | readonly string[],
  path: string | ((request: R) => string) | undefined,
  options: ScopeGuardOptions,
): ScopeQuestion<R> {
  const { pathIsDecoded, ...where } = readOptions<ScopeGuardOptions>(options, SCOPE_GUARD_READERS)
  const asked = readAuthorizations(authz)
  if (asked.path !== undefined && path !== undefined)
    throw new ConfigError('config_error', 'requireScope was told two paths')
  const chosen = asked.path ?? readPath(path)
  const useless = Object.keys(where)[0]
  if (chosen !== undefined && useless !== undefined) {
    throw new ConfigError('config_error', `the option ${useless} does nothing beside a path of your own`)
  }
  if (pathIsDecoded !== undefined && typeof chosen !== 'function') {
    throw new ConfigError(
      'config_error',
      'the option pathIsDecoded does nothing without a function that finds the path',
    )
  }
  return { authz: asked.authz, path: chosen, pathIsDecoded, urls: new UrlNamespace(where) }
}

/** Reads what an app says to `requireMethod`. Throws `config_error`. */
export function readMethodQuestion(options: MethodGuardOptions): MethodQuestion {
  const { exists, hosts = [], ...where } = readOptions<MethodGuardOptions>(options, METHOD_GUARD_READERS)
  return { exists, hosts, urls: new UrlNamespace(where) }
}

interface Authorizations {
  readonly authz: readonly string[]
  readonly path: string | undefined
}

function readAuthorizations(authz: unknown): Authorizations {
  if (typeof authz !== 'string') return { authz: listOf(readName)(authz, 'authz'), path: undefined }
  const colon = authz.indexOf(':')
  if (colon === -1) return { authz: [readName(authz, 'authz')], path: undefined }
  checkScope(authz, authz)
  const path = authz.slice(colon + 1)
  if (!path.startsWith('/')) throw badScope(authz, 'its path is not absolute')
  return { authz: [authz.slice(0, colon)], path }
}

function readName(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(name, 'the name of an authorization, such as read', value)
  if (value.includes(':')) throw badScope(value, 'a list has names only, without paths')
  checkScope(`${value}:/`, value)
  return value
}

function checkScope(scope: string, asWritten: string): void {
  try {
    parseScope(scope)
  } catch (cause) {
    if (!(cause instanceof SciTokenError)) throw cause
    throw badScope(asWritten, cause.message, cause)
  }
}

function badScope(scope: string, why: string, cause?: SciTokenError): ConfigError {
  return new ConfigError('config_error', `no token can ever have what is asked for, ${quote(scope)}: ${why}`, { cause })
}

function readPath<F>(path: string | F | undefined): string | F | undefined {
  if (path === undefined || typeof path === 'function') return path
  if (typeof path !== 'string') throw wrong('path', 'a path or a function that finds one (options come third)', path)
  try {
    parseRequestPath(path, { rejectDotSegments: true })
    return path
  } catch (cause) {
    throw new ConfigError('config_error', `the path to ask about is none: ${(cause as Error).message}`, { cause })
  }
}
