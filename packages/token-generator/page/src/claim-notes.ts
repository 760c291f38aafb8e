import {
  formatScope,
  type JsonObject,
  type JsonValue,
  parseScopes,
  type ProfileName,
  SciTokenError,
} from '@scitokens/core'
import { audienceMatches, parseAudience, parseGroups, profileRules } from '@scitokens/core/internal'
import { dateOf, distance } from './moments.ts'
import { PROFILE_TITLES } from './profile-of.ts'

/** What is to be said about one claim. */
export interface ClaimNote {
  readonly name: string
  /** As people read it. */
  readonly value: string
  /** `none`: it does not decide anything. */
  readonly verdict: 'good' | 'bad' | 'none'
  readonly reason: string
}

/** Where and when the claims are judged. */
export interface Surroundings {
  /** Undefined for a version that nobody knows. */
  readonly profile: ProfileName | undefined
  readonly issuers: readonly string[]
  readonly audience: string
  /** Seconds since the epoch. */
  readonly now: number
}

/** Seconds of grace for `nbf` and `iat`, as in the enforcer. */
const TOLERANCE = 60

type Judgement = Omit<ClaimNote, 'name'>
type Judge = (value: JsonValue, where: Surroundings) => Judgement

const JUDGES: Readonly<Record<string, Judge>> = {
  iss: (value, { issuers }) =>
    typeof value === 'string' && issuers.includes(value)
      ? good(value, 'an issuer that is trusted here')
      : bad(show(value), 'not an issuer that is trusted here: whatever it signs counts for nothing'),
  sub: (value) =>
    typeof value === 'string'
      ? none(value, 'whom the issuer speaks of; a name for logs, not a right')
      : bad(show(value), 'must be text'),
  aud: (value, { audience, profile }) =>
    reading(() => {
      const names = parseAudience(value)
      const isMatch = profile !== undefined && audienceMatches(names, [audience], profile)
      if (isMatch) return good(names.join(', '), 'this service is meant')
      return bad(names.join(', '), `the service you ask about calls itself ${audience}: it is not meant`)
    }, value),
  exp: (value, { now }) => {
    if (typeof value !== 'number') return bad(show(value), 'must be a number: seconds since 1970')
    const isOver = now >= value
    return isOver
      ? bad(moment(value), `expired ${distance(value, now)}; there is no grace`)
      : good(moment(value), `expires ${distance(value, now)}`)
  },
  nbf: (value, { now }) => begins(value, now, 'valid since', 'not valid before'),
  iat: (value, { now }) => begins(value, now, 'issued', 'issued in the future'),
  scope: (value) => {
    if (typeof value !== 'string') return bad(show(value), 'must be one text, with spaces between the rights')
    return reading(() => {
      const { scopes, selectors } = parseScopes(value)
      const rights = scopes.map(formatScope)
      if (rights.length === 0) return none(show(value), 'grants nothing by itself')
      const more = selectors.length === 0 ? '' : `; ${selectors.join(', ')} grants nothing by itself`
      return good(rights.join('  '), `${rights.length} ${rights.length === 1 ? 'right' : 'rights'}${more}`)
    }, value)
  },
  ver: (value, { profile }) => version(value, profile),
  'wlcg.ver': (value, { profile }) =>
    profile === 'wlcg:1.x' ? version(value, profile) : bad(show(value), 'a token has one version claim, not two'),
  cnf: (value) =>
    bad(show(value), 'it is bound to a key, and the service has no way to prove that its bearer holds it'),
  jti: (value) =>
    typeof value === 'string'
      ? none(value, 'its own name, by which it can be revoked and found in logs')
      : bad(show(value), 'must be text'),
  'wlcg.groups': (value, { profile }) =>
    reading(() => {
      const groups = parseGroups(value).join('  ')
      return profile === 'wlcg:1.x'
        ? good(groups, 'groups of the holder; they count where a service asks for groups')
        : none(groups, 'groups are no part of this profile: ignored')
    }, value),
}

/** Judges every claim by itself, and names those that are missing. */
export function claimNotes(claims: JsonObject, where: Surroundings): readonly ClaimNote[] {
  const rules = where.profile && profileRules(where.profile)
  const present = Object.entries(claims).map(([name, value]): ClaimNote => {
    const judge = Object.hasOwn(JUDGES, name) ? JUDGES[name] : undefined
    if (judge) return { name, ...judge(value, where) }
    if (rules?.knownClaims && !rules.knownClaims.includes(name)) {
      return { name, ...bad(show(value), `unknown, and ${PROFILE_TITLES[rules.name]} refuses what it does not know`) }
    }
    return { name, ...none(show(value), 'no part of the profile: ignored') }
  })
  const needed = rules ? [...rules.required, ...(rules.scopeOptional ? [] : ['scope'])] : []
  const missing = needed
    .filter((name) => !Object.hasOwn(claims, name))
    .map((name): ClaimNote => ({ name, ...bad('missing', `${PROFILE_TITLES[where.profile!]} requires it`) }))
  return [...present, ...missing]
}

function begins(value: JsonValue, now: number, since: string, not: string): Judgement {
  if (typeof value !== 'number') return bad(show(value), 'must be a number: seconds since 1970')
  if (value > now + TOLERANCE) return bad(moment(value), `${not}: ${distance(value, now)}`)
  return good(
    moment(value),
    value > now ? `${distance(value, now)}: a minute is forgiven` : `${since} ${distance(value, now)}`,
  )
}

function version(value: JsonValue, profile: ProfileName | undefined): Judgement {
  return profile === undefined
    ? bad(show(value), 'a version that nobody here knows')
    : good(show(value), `the rules of ${PROFILE_TITLES[profile]}`)
}

/** What core refuses is told in its words. */
function reading(read: () => Judgement, value: JsonValue): Judgement {
  try {
    return read()
  } catch (error) {
    if (error instanceof SciTokenError) return bad(show(value), error.message)
    throw error
  }
}

function moment(value: number): string {
  return dateOf(value) ?? `${value}: no date`
}

function show(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function good(value: string, reason: string): Judgement {
  return { value, verdict: 'good', reason }
}

function bad(value: string, reason: string): Judgement {
  return { value, verdict: 'bad', reason }
}

function none(value: string, reason: string): Judgement {
  return { value, verdict: 'none', reason }
}
