import { ConfigError, parseScope, parseScopePath, type Path, SciTokenError, type Scope } from '@scitokens/core'
import {
  checkOwnAudiences,
  intersectPaths,
  isGroupName,
  joinPath,
  quote,
  relativePath,
  ROOT,
  withoutTrailingSlash,
} from '@scitokens/core/internal'
import type { IssuerOptions } from './issuer-options.ts'
import { createSubjectMapper, type SubjectMapper } from './subject-mapping.ts'

/** What a site grants one issuer, checked. */
export interface IssuerRules {
  readonly issuer: string
  readonly basePaths: readonly Path[]
  /** Undefined where the enforcer's own audience counts. */
  readonly audience: readonly string[] | undefined
  readonly mapper: SubjectMapper | undefined
  readonly groupsClaim: string
  /** Whether the site uses groups: then the claim counts in every profile, else in WLCG tokens only. */
  readonly groupsInEveryProfile: boolean
  readonly groups: ReadonlyMap<string, readonly Scope[]>
  /**
   * Scopes as they hold in the server's namespace: filtered, cut down, and put below the base paths. One without path reaches as
   * far as the issuer does.
   */
  place(scopes: readonly Scope[]): readonly Scope[]
}

/** @internal What an issuer's tokens are judged with after their validation: what the site grants the issuer, and how the enforcer reads it. */
export interface Jurisdiction {
  readonly rules: IssuerRules
  readonly clock: () => number
  readonly clockTolerance: number
  readonly rejectDotSegments: boolean
  readonly scitokensCppCompat: boolean
}

/** Checks an issuer's options. Throws `config_error`. */
export function issuerRules(issuer: string, options: IssuerOptions, defaultBasePath: string | undefined): IssuerRules {
  const path = (text: string): Path => configuredPath(issuer, text)
  const basePaths = asList(options.basePath ?? defaultBasePath ?? '/').map((text) => withoutTrailingSlash(path(text)))
  const restrictedPaths = options.restrictedPaths?.map(path)
  const authorizations = options.authorizations && new Set(options.authorizations)
  const isWholeNamespace = !authorizations && !restrictedPaths && basePaths.length === 1 && basePaths[0] === ROOT
  return {
    issuer,
    basePaths,
    audience: options.audience === undefined ? undefined : checkOwnAudiences(asList(options.audience)),
    mapper: options.mapping && createSubjectMapper(options.mapping),
    groupsClaim: options.groupsClaim ?? 'wlcg.groups',
    groupsInEveryProfile: [options.groupsClaim, options.groups, options.mapping].some((use) => use !== undefined),
    groups: groupScopes(issuer, options.groups ?? {}),
    place(scopes) {
      if (isWholeNamespace) return scopes
      return scopes
        .filter(({ authz }) => authorizations?.has(authz) ?? true)
        .flatMap((scope) => restrict(scope, restrictedPaths))
        .flatMap((scope) => basePaths.map((base) => ({ ...scope, path: joinPath(base, scope.path) })))
    },
  }
}

/** The request's path below the issuer's base path, for mappings; undefined outside all of them. */
export function pathBelow(basePaths: readonly Path[], path: Path): Path | undefined {
  for (const base of basePaths) {
    const relative = relativePath(base, path)
    if (relative !== undefined) return relative
  }
  return undefined
}

function restrict(scope: Scope, restrictedPaths: readonly Path[] | undefined): readonly Scope[] {
  if (!restrictedPaths) return [scope]
  return restrictedPaths.flatMap((restricted) => {
    const path = intersectPaths(scope.path, restricted)
    return path === undefined ? [] : [{ ...scope, path }]
  })
}

function groupScopes(
  issuer: string,
  groups: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, readonly Scope[]> {
  return new Map(
    Object.entries(groups).map(([group, scopes]) => {
      if (!isGroupName(group))
        throw new ConfigError('config_error', `${quote(group)} is no name of a group`, { issuer })
      return [group, scopes.map((scope) => asConfig(issuer, () => parseScope(scope)))]
    }),
  )
}

function configuredPath(issuer: string, text: string): Path {
  return asConfig(issuer, () => (text === '/' ? ROOT : parseScopePath(text)))
}

/** A bad path or scope in the configuration is the operator's mistake, not a token's. */
function asConfig<T>(issuer: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SciTokenError)) throw error
    throw new ConfigError(
      'config_error',
      `the configuration of the issuer ${quote(issuer)} is wrong: ${error.message}`,
      {
        issuer,
        cause: error,
      },
    )
  }
}

/** One or several. */
function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
