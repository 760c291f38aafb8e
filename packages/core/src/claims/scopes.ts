import { TokenNotAcceptableError } from '../errors.ts'
import { covers, formatScope, intersect, nameOf, parseItem, type Scope, type ScopeOptions, SELECTORS } from './scope.ts'
import { hashOf, ScopeList, scanScopes } from './scope-list.ts'

/** A `scope` claim, judged as a whole. */
export interface ScopeClaim {
  /** What it grants, in the order of the claim, each once. */
  readonly scopes: readonly Scope[]
  /** Items that select or identify and grant nothing by themselves: `openid`, `wlcg.groups:/cms`, `urn:mace:x`. */
  readonly selectors: readonly string[]
}

/**
 * Reads a `scope` claim: items separated by spaces, each judged before anything is granted, so that one malformed item
 * spoils the claim wherever it stands. Throws `invalid_scope`; `invalid_claim` for what is no string.
 */
export function parseScopes(claim: string, options: ScopeOptions = {}): ScopeClaim {
  checkIsText(claim)
  const list = new ScopeList()
  const selectors = new Set<string>()
  scanScopes(claim, {
    plain: (authz, path, hash) => {
      if (SELECTORS.has(authz)) selectors.add(`${authz}:${path}`)
      else list.add({ authz, path, hasPath: true }, hash)
    },
    other: (item) => {
      const scope = parseItem(item, options)
      if (scope) list.add(scope, hashOf(nameOf(scope)))
      else selectors.add(item)
    },
  })
  return { scopes: list.scopes, selectors: [...selectors] }
}

/**
 * A `scope` claim as it should be written: one space between items, none twice, paths normalised and percent-encoded. Some
 * verifiers make something of a trailing space. WLCG profile 1.3 section 2.2.1 asks issuers to normalise. Throws as
 * {@link parseScopes}.
 */
export function normalizeScopeClaim(claim: string): string {
  checkIsText(claim)
  const items = claim.split(' ').filter((item) => item !== '')
  const formatted = items.map((item) => {
    const scope = parseItem(item, {})
    return scope ? formatScope(scope) : item
  })
  return [...new Set(formatted)].join(' ')
}

function checkIsText(claim: string): void {
  if (typeof claim === 'string') return
  throw new TokenNotAcceptableError('invalid_claim', 'scope must be a string', { reason: 'invalid', claim: 'scope' })
}

/** Scopes as the value of a `scope` claim: as a token writes them, with spaces between them. */
export function formatScopes(scopes: readonly Scope[]): string {
  return scopes.map(formatScope).join(' ')
}

/** Whether one of `granted` covers `asked`. */
export function coveredByAny(granted: readonly Scope[], asked: Scope): boolean {
  return granted.some((scope) => covers(scope, asked))
}

/** What two lists have in common, minimal. Both lists cover every scope of the result. */
export function intersectScopes(left: readonly Scope[], right: readonly Scope[]): readonly Scope[] {
  const common: Scope[] = []
  for (const a of left) {
    for (const b of right) {
      const scope = intersect(a, b)
      if (scope) common.push(scope)
    }
  }
  return minimalScopes(common)
}

/** The shortest list that grants the same: scopes that another one covers are left out, the order is kept. */
export function minimalScopes(scopes: readonly Scope[]): readonly Scope[] {
  return scopes.filter(
    (scope, index) =>
      !scopes.some((other, at) => at !== index && covers(other, scope) && (at < index || !covers(scope, other))),
  )
}
