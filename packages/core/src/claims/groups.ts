import { TokenNotAcceptableError } from '../errors.ts'
import type { JsonValue } from '../jose/json.ts'

// WLCG profile 1.3, grammar of wlcg.groups: components of letters, digits, `.`, `_`, `-`, not beginning with a dot.
const GROUP = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/

/** Whether this is the name of a group by the WLCG grammar: `/cms/uscms`. */
export function isGroupName(text: string): boolean {
  return GROUP.test(text)
}

/**
 * Reads a `wlcg.groups` claim, in the order given (the first may be a default for ownership). Names outside the grammar are
 * left out: they can match nothing. Throws `invalid_claim` when it is no list of strings.
 *
 * A group means something together with its issuer only, and neither implies its parents nor its children.
 */
export function parseGroups(value: JsonValue): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new TokenNotAcceptableError('invalid_claim', 'wlcg.groups must be a list of strings', {
      reason: 'invalid',
      claim: 'wlcg.groups',
    })
  }
  return value.filter(isGroupName)
}
