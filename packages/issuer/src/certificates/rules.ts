import type { Scope } from '@scitokens/core'
import { decodeFormText, type Fqan, given, normaliseDn, parseFqan } from '@scitokens/core/internal'
import { expandTemplate, parseTemplate, type ScopeTemplate } from '../policy/template.ts'
import type { Credentials } from './identity-verifier.ts'

/** A rule of `rules.json`, read. */
export interface X509Rule {
  readonly matches: (credentials: Credentials) => boolean
  readonly templates: readonly ScopeTemplate[]
}

/**
 * Reads `rules.json`: `{"rules": [{"match": "dn:…" | "fqan:…", "scopes": […] | "scope": "…"}]}`. Throws for a file that is none, or
 * has a rule that cannot be understood.
 */
export function readRules(content: Buffer): readonly X509Rule[] {
  const document = JSON.parse(content.toString('utf8')) as { rules?: unknown } | null
  const rules = document?.rules
  if (!Array.isArray(rules)) throw new Error('it has no list "rules"')
  return rules.map((rule: unknown, index) => {
    try {
      return readRule(rule)
    } catch (cause) {
      throw new Error(`rules[${index}]: ${cause instanceof Error ? cause.message : 'is not understood'}`, { cause })
    }
  })
}

/** The union of what all matching rules give. A scope whose `{username}` has no value gives nothing. */
export function scopesFor(rules: readonly X509Rule[], credentials: Credentials): readonly Scope[] {
  const { username } = credentials
  const claims = given({ username })
  const principal = { kind: 'client', subject: credentials.dn, groups: [], claims } as const
  return rules
    .filter((rule) => rule.matches(credentials))
    .flatMap(({ templates }) => templates)
    .flatMap((template) => {
      const expansion = expandTemplate(template, principal, '')
      return 'scope' in expansion ? [expansion.scope] : []
    })
}

function readRule(rule: unknown): X509Rule {
  const { match, scopes = [], scope } = (rule ?? {}) as { match?: unknown; scopes?: unknown; scope?: unknown }
  if (!Array.isArray(scopes)) throw new Error('"scopes" is no list')
  const items: unknown[] = [...(scopes as unknown[]), ...(scope === undefined ? [] : [scope])]
  return { matches: readMatch(match), templates: items.flatMap(readTemplates) }
}

function readMatch(match: unknown): X509Rule['matches'] {
  const [, kind, value] = (typeof match === 'string' && /^(dn|fqan):(.*)$/s.exec(match)) || []
  if (kind === undefined || value === undefined) throw new Error('"match" begins with neither "dn:" nor "fqan:"')
  const text = decodeFormText(value)
  if (kind === 'dn') {
    const wanted = normaliseDn(text)
    if (!wanted.startsWith('/')) throw new Error('"match" has no name such as /DC=org/DC=example/CN=Ana')
    return ({ dn }) => dn === wanted
  }
  const wanted = parseFqan(text)
  if (!wanted) throw new Error('"match" has no group such as /vo/group/Role=name')
  return ({ fqans }) => fqans.some((held) => fqanMatches(wanted, held))
}

function readTemplates(item: unknown): ScopeTemplate[] {
  if (typeof item !== 'string') throw new Error('a scope is no text')
  const unknown = [...item.matchAll(/\{([^{}]*)\}/g)].find(([, name]) => name !== 'username')
  if (unknown) throw new Error(`${JSON.stringify(unknown[0])} is no placeholder, {username} is`)
  // One path component or nothing: the rule of every template of this issuer.
  return item
    .split(/\s+/)
    .filter((text) => text !== '')
    .map((text) => parseTemplate(text.replaceAll('{username}', '{claim.username}')))
}

/** Whether a member with `held` is meant by a rule for `wanted`: the group or one below it, and the role if the rule names one. */
function fqanMatches(wanted: Fqan, held: Fqan): boolean {
  const inGroup = held.group === wanted.group || held.group.startsWith(`${wanted.group}/`)
  return inGroup && (wanted.role === undefined || wanted.role === held.role)
}
