import {
  choice,
  listOf,
  nested,
  type OptionReaders,
  type Reader,
  recordOf,
  text,
  wrong,
} from '@scitokens/core/internal'
import type { CapabilitySetOptions, Match, PolicyOptions, PolicyRule } from './policy.ts'

/** An empty list says that there is nothing of the kind; it never stands for "all". */
const texts = listOf(text, { empty: true })

/** One, or several; an empty list would hold for nobody. */
const textOrTexts: Reader<string | readonly string[]> = (value, name) =>
  Array.isArray(value) ? listOf(text)(value, name) : text(value, name)

type ClaimValue = string | number | boolean

const claimValue: Reader<ClaimValue> = (value, name) => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  throw wrong(name, 'text, a number, true or false', value)
}

const claimValues: Reader<ClaimValue | readonly ClaimValue[]> = (value, name) =>
  Array.isArray(value) ? listOf(claimValue)(value, name) : claimValue(value, name)

const MATCH: OptionReaders<Match> = {
  client: textOrTexts,
  subject: textOrTexts,
  group: textOrTexts,
  claim: recordOf(claimValues),
  kind: choice('user', 'client'),
}

const RULE: OptionReaders<PolicyRule> = { name: text, match: nested(MATCH), scopes: texts }

const CAPABILITY_SET: OptionReaders<CapabilitySetOptions> = { scopes: texts, match: nested(MATCH) }

/** The form of a policy. What it says is judged by `readPolicy`. */
export const POLICY_READERS: OptionReaders<PolicyOptions> = {
  rules: listOf(nested(RULE), { empty: true }),
  capabilitySets: recordOf(nested(CAPABILITY_SET)),
  optionalGroups: texts,
}
