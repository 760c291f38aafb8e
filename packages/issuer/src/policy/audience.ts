import { ANY_AUDIENCE, WLCG_ANY_AUDIENCE } from '@scitokens/core'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'

/** Audiences a client may ask for. */
export interface AudiencePolicy {
  /** Exact names; `*` stands for any name but the words for "every server". */
  readonly allowed: readonly string[]
  /** What a token gets where nothing was asked for. */
  readonly default: readonly string[]
}

const EVERYONE: ReadonlySet<string> = new Set([ANY_AUDIENCE, WLCG_ANY_AUDIENCE])
const MAX_AUDIENCES = 64

/**
 * What clients of the field really send: `audience` repeated, or with spaces between, not always URIs; `resource` repeated
 * (RFC 8707). All of it is united. Empty: nothing was asked for.
 */
export function requestedAudience(parameters: Parameters): readonly string[] {
  const audience = parameters.all('audience').flatMap((value) => value.split(' '))
  const resources = parameters.all('resource')
  // HTCondor sends the audience of the submit file as `resource`, which may be a list and no URI.
  const all = [...audience, ...resources.flatMap((value) => value.split(' '))].filter((value) => value !== '')
  const unique = [...new Set(all)]
  if (unique.length > MAX_AUDIENCES) throw invalidTarget(`more than ${MAX_AUDIENCES} audiences were asked for`)
  for (const value of unique) {
    if (!/^[\x21-\x7e]{1,1024}$/.test(value)) throw invalidTarget('an audience must be printable ASCII without spaces')
    if (URL.canParse(value) && value.includes('#')) throw invalidTarget('a resource must not have a fragment')
  }
  return unique
}

/**
 * The audience of the token. Nothing is dropped silently: a token for fewer servers than asked for would only be noticed later.
 * Throws `invalid_target` (RFC 8707 section 2).
 *
 * @param bounds - the audiences of the original grant, which cannot be exceeded; empty: it named none.
 */
export function grantAudience(
  requested: readonly string[],
  policy: AudiencePolicy,
  bounds: readonly string[] | undefined,
): readonly string[] {
  const original = bounds && bounds.length > 0 ? bounds : undefined
  if (requested.length === 0) {
    // The original grant as far as the policy still goes along with it: it is asked anew each time.
    const granted = original ? original.filter((audience) => isAllowed(audience, policy)) : policy.default
    if (granted.length === 0) throw invalidTarget('name the servers the token is for: audience is missing')
    return granted
  }
  for (const audience of requested) {
    if (!isAllowed(audience, policy)) throw invalidTarget('this client may not get tokens for an audience it asked for')
    if (original && !withinOriginal(audience, original)) {
      throw invalidTarget('an audience that was asked for is not part of the original grant')
    }
  }
  return requested
}

/**
 * The audiences that a login bounds all its tokens to: those it asked for. A login that asks for none is bound by the client's policy
 * alone, as clients of the field (oidc-agent among them) name the server only when they refresh; empty then.
 */
export function boundingAudience(requested: readonly string[], policy: AudiencePolicy): readonly string[] {
  const onlyDefault = policy.allowed.every((audience) => policy.default.includes(audience))
  return requested.length === 0 && !onlyDefault ? [] : grantAudience(requested, policy, undefined)
}

/**
 * The audience of a token that says who somebody is and nothing else: what was asked for, else this issuer, whose userinfo takes it. A
 * server that nobody named learns nothing about the person.
 *
 * @param named - the audiences that the original grant named; empty or undefined: none.
 */
export function identityAudience(
  requested: readonly string[],
  policy: AudiencePolicy,
  named: readonly string[] | undefined,
  issuer: string,
): readonly string[] {
  // It knows the person already.
  const open: AudiencePolicy = { allowed: [...policy.allowed, issuer], default: [issuer] }
  const original = named && named.length > 0 ? named : undefined
  return grantAudience(requested, open, original && (requested.length === 0 ? original : [...original, issuer]))
}

function isAllowed(audience: string, { allowed }: AudiencePolicy): boolean {
  return allowed.includes(audience) || (allowed.includes('*') && !EVERYONE.has(audience))
}

/** A grant for every server can be narrowed to one. */
function withinOriginal(audience: string, original: readonly string[]): boolean {
  return original.includes(audience) || original.some((item) => EVERYONE.has(item) && !EVERYONE.has(audience))
}

function invalidTarget(description: string): OAuthError {
  return new OAuthError('invalid_target', description)
}
