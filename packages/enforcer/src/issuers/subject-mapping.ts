import { ConfigError, coversPath, type JsonObject, parseScopePath, type Path } from '@scitokens/core'
import { flag, listOf, nested, type OptionReaders, own, text, wrong } from '@scitokens/core/internal'

/** One line of a name map: every condition that it has must hold. XRootD, `name_mapfile`. */
export interface NameRule {
  /** The account that the rule gives. */
  readonly result: string
  /** The token's `sub`, exactly. */
  readonly sub?: string
  /** The value of the claim named by `usernameClaim` (`sub` where there is none), exactly. */
  readonly username?: string
  /** The request's path is this or below it, relative to the issuer's base path. */
  readonly path?: string
  /** A group of the token, exactly. Groups of a token chain give it no account. */
  readonly group?: string
}

/**
 * How a token's subject becomes a local account: by the first rule that fits, else by the claim, else by the subject, else the
 * default. A name from the token that is not allowed maps to no account, not to the default one.
 */
export interface SubjectMapping {
  /** Asked in order; the first that fits names the account. */
  readonly rules?: readonly NameRule[]
  /** A claim that holds the account's name; `sub` and the default do not count then. */
  readonly usernameClaim?: string
  /** `sub` is the account's name. Default: false. */
  readonly mapSubject?: boolean
  /** The account where nothing else names one. */
  readonly defaultUser?: string
  /** What an account's name from a token may look like. Default: a POSIX name, at most 32 characters, and never `root`. */
  readonly allowedNames?: RegExp
}

const RULE_READERS: OptionReaders<NameRule> = { result: text, sub: text, username: text, path: text, group: text }

/** How the options of {@link SubjectMapping} are read. */
export const MAPPING_READERS: OptionReaders<SubjectMapping> = {
  rules: listOf(nested<NameRule>(RULE_READERS), { empty: true }),
  usernameClaim: text,
  mapSubject: flag,
  defaultUser: text,
  allowedNames: readAllowedNames,
}

/** What a mapping is asked. */
export interface MappingQuestion {
  /** The token's `sub`. */
  readonly subject: string | undefined
  /** Groups that the token names. */
  readonly groups: readonly string[]
  /** The groups count for nothing: the token is the end of a chain. Default: false. */
  readonly groupsAreVoid?: boolean
  /** All of its claims, verified. */
  readonly claims: JsonObject
  /** Relative to the issuer's base path; undefined where no path was asked about. */
  readonly path: Path | undefined
}

const POSIX_NAME = /^(?!root$)[a-z_][a-z0-9_.-]{0,31}$/

/** Maps a subject to an account, or to none. */
export type SubjectMapper = (question: MappingQuestion) => string | undefined

/** Checks a mapping and makes it a function. Throws `config_error`. */
export function createSubjectMapper(mapping: SubjectMapping): SubjectMapper {
  const { usernameClaim, mapSubject = false, defaultUser, allowedNames = POSIX_NAME } = mapping
  const rules = (mapping.rules ?? []).map(checkRule)
  // Names from a token are the issuer's choice: unchecked they could name root, or a path.
  const safe = (name: unknown): string | undefined =>
    typeof name === 'string' && allowedNames.test(name) ? name : undefined
  return (question) => {
    const username = own(question.claims, usernameClaim ?? 'sub')
    const rule = rules.find((candidate) => matches(candidate, question, username))
    // Nor does a later rule count in its place: whoever derives from a token must not come to another account by it.
    if (rule) return rule.group !== undefined && question.groupsAreVoid ? undefined : rule.result
    return usernameClaim === undefined && !mapSubject ? defaultUser : safe(username)
  }
}

function readAllowedNames(value: unknown, name: string): RegExp {
  if (!(value instanceof RegExp)) throw wrong(name, 'a regular expression', value)
  // Those remember where the last name ended.
  if (value.global || value.sticky)
    throw new ConfigError('config_error', `the option ${name} must not have the flags g or y`)
  return value
}

type CheckedRule = Omit<NameRule, 'path'> & { readonly path?: Path }

function checkRule(rule: NameRule): CheckedRule {
  if (typeof rule.result !== 'string' || rule.result === '')
    throw new ConfigError('config_error', 'a rule of the name map has no result')
  const { path, ...rest } = rule
  return path === undefined ? rest : { ...rest, path: parseScopePath(path) }
}

function matches(rule: CheckedRule, { subject, groups, path }: MappingQuestion, username: unknown): boolean {
  if (rule.sub !== undefined && rule.sub !== subject) return false
  if (rule.username !== undefined && rule.username !== username) return false
  if (rule.group !== undefined && !groups.includes(rule.group)) return false
  return rule.path === undefined || (path !== undefined && coversPath(rule.path, path))
}
