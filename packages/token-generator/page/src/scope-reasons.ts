import { findPermission, formatScope, type Path, type ProfileName, type Scope } from '@scitokens/core'
import { needsPath } from '@scitokens/core/internal'

/** A right of the token and what it means for the question. */
export interface ScopeReason {
  readonly scope: string
  readonly covers: boolean
  readonly reason: string
}

/** Why each right of a token does or does not cover what is asked: by the same comparison that decides. */
export function scopeReasons(
  scopes: readonly Scope[],
  { authz, path }: { readonly authz: string; readonly path: Path | undefined },
  profile: ProfileName,
): readonly ScopeReason[] {
  if (path === undefined && needsPath(authz)) return []
  return scopes.map((scope) => {
    const covers = findPermission([scope], { authz, path }, { profile }) !== undefined
    return { scope: formatScope(scope), covers, reason: reasonOf(scope, covers, authz, path, profile) }
  })
}

function reasonOf(scope: Scope, covers: boolean, authz: string, path: Path | undefined, profile: ProfileName): string {
  if (covers) return path === undefined || !scope.hasPath ? 'covers it' : `covers ${path}`
  // The same right, for everything: does the operation fit at least?
  const isOperation = findPermission([{ ...scope, path: '/' as Path }], { authz, path }, { profile }) !== undefined
  if (!isOperation) return `is for ${scope.authz}, not for ${authz}`
  return path?.startsWith(scope.path) === true
    ? `${path} only begins like ${scope.path}: it is a neighbour, not below it`
    : `${path} is not ${scope.path} or below it`
}
