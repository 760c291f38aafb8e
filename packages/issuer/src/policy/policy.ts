import { ConfigError, type JsonValue } from '@scitokens/core'
import { isGroupName, quote } from '@scitokens/core/internal'
import type { Principal } from './principal.ts'
import { parseTemplate, type ScopeTemplate } from './template.ts'

/** Whom a rule is about; every condition that is present must hold, and of a list one item is enough. */
export interface Match {
  /** Ids of clients. */
  readonly client?: string | readonly string[]
  /** Subjects of people, or of clients that act for themselves. */
  readonly subject?: string | readonly string[]
  /** A group or a parent of it: `/cms` holds for members of `/cms/uscms`. */
  readonly group?: string | readonly string[]
  /** Claims of the upstream and the values of which they must have one. */
  readonly claim?: Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>
  /** Restricts to people, or to clients that act for themselves. */
  readonly kind?: 'user' | 'client'
}

/** Who may have which capabilities. Rules only ever add; nothing is allowed without one. */
export interface PolicyRule {
  /** For explanations. Default: its number. */
  readonly name?: string
  /** Default: everybody. */
  readonly match?: Match
  /** Templates such as `write:/store/user/{sub}`. */
  readonly scopes: readonly string[]
}

/** A named bundle of capabilities, asked for as `wlcg.capabilityset:NAME`. */
export interface CapabilitySetOptions {
  /** What the set grants, all of it or nothing: templates, as in rules. */
  readonly scopes: readonly string[]
  /** Who may ask for it. Default: whoever may have all of its capabilities anyway. */
  readonly match?: Match
}

/** The scope policy of an issuer. */
export interface PolicyOptions {
  /** Default: what each client's own `scopes` say. */
  readonly rules?: readonly PolicyRule[]
  /** Named bundles of capabilities (WLCG profile 1.3). Default: none. */
  readonly capabilitySets?: Readonly<Record<string, CapabilitySetOptions>>
  /** Groups that are told only where they are asked for by name. */
  readonly optionalGroups?: readonly string[]
}

/** A checked rule. */
export interface Rule {
  readonly name: string
  readonly match: Match
  readonly templates: readonly ScopeTemplate[]
}

/** A checked capability set. */
export interface CapabilitySet {
  readonly match: Match | undefined
  readonly templates: readonly ScopeTemplate[]
}

/** A checked policy. */
export interface Policy {
  /** Undefined: no rules were given, clients' own `scopes` decide. */
  readonly rules: readonly Rule[] | undefined
  readonly capabilitySets: ReadonlyMap<string, CapabilitySet>
  readonly optionalGroups: ReadonlySet<string>
}

/**
 * Checks a policy. Throws `config_error` with the key at fault.
 *
 * @param at - what comes before `policy` in keys, such as `realms[0].`.
 */
export function readPolicy(options: PolicyOptions = {}, at: string = ''): Policy {
  return {
    rules: options.rules?.map((rule, index) => ({
      name: rule.name ?? `rule ${index + 1}`,
      match: checkMatch(rule.match ?? {}, `${at}policy.rules[${index}].match`),
      templates: within(`${at}policy.rules[${index}].scopes`, () => rule.scopes.map(parseTemplate)),
    })),
    capabilitySets: new Map(
      Object.entries(options.capabilitySets ?? {}).map(([name, set]) => {
        const place = `${at}policy.capabilitySets[${quote(name)}]`
        if (!isGroupName(name))
          throw new ConfigError('config_error', `${place}: a name is a path such as /vo/production`)
        return [
          name,
          {
            match: set.match && checkMatch(set.match, `${place}.match`),
            templates: within(`${place}.scopes`, () => set.scopes.map(parseTemplate)),
          },
        ]
      }),
    ),
    optionalGroups: new Set(options.optionalGroups?.map((group) => checkGroup(group, `${at}policy.optionalGroups`))),
  }
}

/** Whether a rule is about this principal; if not, the first condition that failed. */
export function matches(match: Match, principal: Principal, clientId: string): true | string {
  if (match.kind !== undefined && match.kind !== principal.kind) return `it is for a ${match.kind}`
  if (match.client !== undefined && !listed(match.client, clientId)) return `the client is ${quote(clientId)}`
  if (match.subject !== undefined && !listed(match.subject, principal.subject))
    return `the subject is ${quote(principal.subject)}`
  if (match.group !== undefined) {
    const wanted = typeof match.group === 'string' ? [match.group] : match.group
    const member = wanted.some((group) => principal.groups.some((own) => own === group || own.startsWith(`${group}/`)))
    if (!member) return `not a member of ${wanted.join(' or ')}`
  }
  for (const [name, wanted] of Object.entries(match.claim ?? {})) {
    const value = Object.hasOwn(principal.claims, name) ? principal.claims[name] : undefined
    if (!claimHolds(value, wanted)) return `the claim ${quote(name)} does not fit`
  }
  return true
}

function listed(wanted: string | readonly string[], value: string): boolean {
  return typeof wanted === 'string' ? wanted === value : wanted.includes(value)
}

function claimHolds(value: JsonValue | undefined, wanted: unknown): boolean {
  const choices: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted]
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.some((item) => item !== undefined && choices.includes(item))
}

const MATCH_KEYS = new Set(['client', 'subject', 'group', 'claim', 'kind'])

function checkMatch(match: Match, at: string): Match {
  for (const key of Object.keys(match)) {
    // A condition that is misspelt would hold for everybody.
    if (!MATCH_KEYS.has(key)) throw new ConfigError('config_error', `${at}: ${quote(key)} is no condition`)
  }
  for (const group of [match.group ?? []].flat()) checkGroup(group, `${at}.group`)
  return match
}

function checkGroup(group: string, at: string): string {
  if (!isGroupName(group)) throw new ConfigError('config_error', `${at}: ${quote(group)} is no group: write /vo/group`)
  return group
}

/** Names the place of a mistake in the configuration. */
export function within<T>(at: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError('config_error', `${at}: ${error.message}`, { cause: error })
    throw error
  }
}
