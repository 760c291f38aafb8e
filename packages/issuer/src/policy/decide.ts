import { formatScope, intersectScopes, minimalScopes, type Scope } from '@scitokens/core'
import { coveredByAny } from '@scitokens/core/internal'
import { OAuthError } from '../http/oauth-error.ts'
import { matches, type Policy } from './policy.ts'
import type { Principal } from './principal.ts'
import { isEmptyRequest, refuseMereAddition, type RequestedScopes } from './requested-scopes.ts'
import { expandTemplate, isPlainForEveryVerifier, type ScopeTemplate } from './template.ts'

/** What a client may have at most, and gets where it does not say. */
export interface ClientScopes {
  readonly clientId: string
  /** Undefined: the rules alone decide. */
  readonly ceiling: readonly ScopeTemplate[] | undefined
  readonly defaults: readonly ScopeTemplate[] | undefined
}

/** What was once granted and can never be exceeded. Kept with refresh families, codes and device logins. */
export interface GrantBounds {
  /** Scopes as text, so that they can be stored. */
  readonly scope: readonly string[]
  readonly identity: readonly string[]
  readonly groups: readonly string[]
  readonly audience: readonly string[]
  /** Nobody asked for this audience: it is what the client gets without asking. */
  readonly audienceByDefault?: boolean
  readonly wlcg: boolean
}

/** A question to the policy. */
export interface PolicyQuestion {
  readonly policy: Policy
  readonly client: ClientScopes
  readonly principal: Principal
  readonly requested: RequestedScopes
  /** The original grant's scopes and groups, where there is one. */
  readonly bounds:
    | { readonly scopes: readonly Scope[]; readonly identity: readonly string[]; readonly groups: readonly string[] }
    | undefined
  /** Told of every step, for {@link explainPolicy}. */
  readonly explain?: (line: string) => void
}

/** What the policy grants. */
export interface PolicyDecision {
  readonly scopes: readonly Scope[]
  /** The same as a token writes them. */
  readonly scopeItems: readonly string[]
  readonly identity: readonly string[]
  readonly groups: readonly string[]
  /** Something that was asked for is missing or narrower. */
  readonly narrowed: boolean
}

/**
 * Decides what of a request is granted: the union of the rules that match, within the client's ceiling, within the original
 * grant, within what was asked for. Each step intersects by core's path algebra, so none can add.
 *
 * Throws `invalid_scope` where nothing is left, `access_denied` for groups and capability sets one has no part in.
 */
export function decide(question: PolicyQuestion): PolicyDecision {
  const { requested, bounds } = question
  const explain = question.explain ?? ((): void => {})
  refuseMereAddition(requested)
  const allowed = allowedScopes(question, explain)
  const possible = bounds ? intersectScopes(bounds.scopes, allowed) : allowed
  if (bounds) explain(`the original grant leaves: ${list(possible)}`)
  const wanted = wantedScopes(question, explain)
  const scopes = wanted ? intersectScopes(wanted, possible) : possible
  const groups = grantedGroups(question)
  const identity = grantedIdentity(question)
  explain(`granted: ${[...identity, list(scopes)].join(' ')}${groups.length > 0 ? `; groups ${groups.join(' ')}` : ''}`)
  if (scopes.length === 0 && (wanted ?? bounds?.scopes ?? []).length > 0) {
    throw new OAuthError('invalid_scope', 'nothing of the scope that was asked for is allowed')
  }
  if (scopes.length === 0 && groups.length === 0 && !identity.includes('openid')) {
    throw new OAuthError('invalid_scope', 'no scope is allowed')
  }
  const narrowed = (wanted ?? []).some((scope) => !coveredByAny(scopes, scope)) || requested.unknown.length > 0
  return { scopes, scopeItems: scopes.map(formatScope), identity, groups, narrowed }
}

/**
 * What a decision leaves as the bounds of everything derived from it.
 *
 * @param audienceByDefault - nobody asked for this audience, it is what the client gets without asking.
 */
export function boundsOf(
  decision: PolicyDecision,
  audience: readonly string[],
  wlcg: boolean,
  audienceByDefault: boolean = false,
): GrantBounds {
  return {
    scope: decision.scopeItems,
    identity: decision.identity,
    groups: decision.groups,
    audience,
    ...(audienceByDefault ? { audienceByDefault } : {}),
    wlcg,
  }
}

/** The token will say who somebody is and nothing else. */
export function isIdentityAlone({ scopes, groups }: Pick<PolicyDecision, 'scopes' | 'groups'>): boolean {
  return scopes.length === 0 && groups.length === 0
}

function allowedScopes(
  { policy, client, principal, bounds }: PolicyQuestion,
  explain: (line: string) => void,
): readonly Scope[] {
  const expand = (templates: readonly ScopeTemplate[], from: string): Scope[] =>
    templates.flatMap((template) => {
      const expansion = expandTemplate(template, principal, client.clientId)
      if ('scope' in expansion) return [expansion.scope]
      explain(`${from}: ${template.text} grants nothing: ${expansion.skipped}`)
      return []
    })
  const ceiling = client.ceiling && expand(client.ceiling, 'the client')
  if (principal.derived) {
    const own = ceiling ?? bounds?.scopes ?? []
    explain(`the subject token decides, within the client's own scopes: ${list(own)}`)
    return own
  }
  // A client that acts for itself has what its own entry says; people have what rules give them.
  if (ceiling && (policy.rules === undefined || principal.kind === 'client')) {
    explain(`the client's own scopes: ${list(ceiling)}`)
    return minimalScopes(ceiling)
  }
  const granted = (policy.rules ?? []).flatMap((rule) => {
    const verdict = matches(rule.match, principal, client.clientId)
    if (verdict !== true) {
      explain(`${rule.name}: does not apply, ${verdict}`)
      return []
    }
    const scopes = expand(rule.templates, rule.name)
    explain(`${rule.name}: allows ${list(scopes)}`)
    return scopes
  })
  if (!ceiling) return minimalScopes(granted)
  const within = intersectScopes(granted, ceiling)
  explain(`the client's ceiling leaves: ${list(within)}`)
  return within
}

/** What was asked for, or the default; undefined stands for everything that is possible. */
function wantedScopes(question: PolicyQuestion, explain: (line: string) => void): readonly Scope[] | undefined {
  const { requested, client, principal, bounds } = question
  if (requested.capabilitySet !== undefined) return capabilitySet(question, requested.capabilitySet)
  if (!isEmptyRequest(requested)) {
    const misread = requested.scopes.find((scope) => !isPlainForEveryVerifier(scope))
    if (misread) throw new OAuthError('invalid_scope', 'a path that was asked for is one that some servers misread')
    return requested.scopes
  }
  if (bounds || !client.defaults) return undefined
  const scopes = client.defaults.flatMap((template) => {
    const expansion = expandTemplate(template, principal, client.clientId)
    return 'scope' in expansion ? [expansion.scope] : []
  })
  explain(`nothing was asked for, the default is: ${list(scopes)}`)
  return scopes
}

/** WLCG profile 1.3: a set is granted whole or not at all. */
function capabilitySet({ policy, client, principal, bounds }: PolicyQuestion, name: string): readonly Scope[] {
  const set = policy.capabilitySets.get(name)
  const denied = new OAuthError('access_denied', 'this capability set is not open to you')
  if (!set || (set.match && matches(set.match, principal, client.clientId) !== true)) throw denied
  const scopes = set.templates.map((template) => {
    const expansion = expandTemplate(template, principal, client.clientId)
    if (!('scope' in expansion)) throw denied
    return expansion.scope
  })
  const question = { policy, client, principal, bounds, requested: NOTHING }
  const allowed = allowedScopes(question, () => {})
  const possible = bounds ? intersectScopes(bounds.scopes, allowed) : allowed
  if (!scopes.every((scope) => coveredByAny(possible, scope))) throw denied
  return scopes
}

const NOTHING: RequestedScopes = {
  scopes: [],
  identity: [],
  groups: [],
  capabilitySet: undefined,
  wlcg: false,
  unknown: [],
}

/**
 * A client that acts for itself has no name, no e-mail and nothing to go on with. What `profile` and `email` stand for comes with the ID
 * token, and that with `openid` alone (OpenID Connect Core sections 3.1.2.1 and 5.4): without it they promise what is not given.
 */
function grantedIdentity({ principal, requested, bounds }: PolicyQuestion): readonly string[] {
  if (principal.kind === 'client') return []
  const asked = bounds && isEmptyRequest(requested) ? bounds.identity : requested.identity
  const granted = asked.filter((item) => !bounds || bounds.identity.includes(item))
  return granted.includes('openid') ? granted : granted.filter((item) => item === 'offline_access')
}

/**
 * WLCG profile 1.3, `wlcg.groups`: groups asked for by name in their order, then the default ones; the bare word stands for the
 * default ones where it stands. Whoever is no member is refused.
 */
function grantedGroups({ policy, principal, requested, bounds }: PolicyQuestion): readonly string[] {
  // The original grant as it was, as far as the person still is a member.
  if (bounds && isEmptyRequest(requested)) return bounds.groups.filter((group) => principal.groups.includes(group))
  if (requested.groups.length === 0) return []
  const own = principal.groups.filter((group) => !bounds || bounds.groups.includes(group))
  const defaults = own.filter((group) => !policy.optionalGroups.has(group))
  const granted = requested.groups.flatMap((group) => {
    if (group === undefined) return defaults
    if (!own.includes(group)) throw new OAuthError('access_denied', 'a group was asked for of which you are no member')
    return [group]
  })
  return [...new Set([...granted, ...defaults])]
}

function list(scopes: readonly Scope[]): string {
  return scopes.length === 0 ? 'nothing' : scopes.map(formatScope).join(' ')
}
