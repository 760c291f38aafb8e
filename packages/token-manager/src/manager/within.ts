import { ANY_AUDIENCE, NotAllowedError, parseScopes, WLCG_ANY_AUDIENCE } from '@scitokens/core'
import { coveredByAny, quote } from '@scitokens/core/internal'
import type { Family } from '../state/family.ts'
import type { Wanted } from '../oauth/oauth-client.ts'

/** Tokens for everybody hold at every server: who may ask for one may name any server. WLCG profile 1.3 `aud`; Claims document. */
const EVERYBODY: ReadonlySet<string> = new Set([ANY_AUDIENCE, WLCG_ANY_AUDIENCE])

/**
 * Checks a wish against what somebody else has configured: it may be less, and never more. By core's rules: a scope is within another
 * one by whole path components, and a selector such as `wlcg.groups` only if it was named itself.
 *
 * Throws `scope_denied`, family `not_allowed`, with the first scope or audience that is too much.
 */
export function checkWithin(wanted: Wanted, limit: Wanted, whose: string): void {
  const { scopes, selectors } = parseScopes(limit.scopes.join(' '))
  for (const word of wanted.scopes) {
    const asked = parseScopes(word)
    const has = asked.scopes.every((scope) => coveredByAny(scopes, scope))
    if (!has || !asked.selectors.every((selector) => selectors.includes(selector))) {
      throw new NotAllowedError('scope_denied', `${whose} does not have the scope ${quote(word)}`, {
        claim: 'scope',
        expected: limit.scopes,
        actual: word,
      })
    }
  }
  if (limit.audience.some((name) => EVERYBODY.has(name))) return
  for (const name of wanted.audience) {
    if (limit.audience.includes(name)) continue
    throw new NotAllowedError('scope_denied', `${whose} is not for the audience ${quote(name)}`, {
      claim: 'aud',
      expected: limit.audience,
      actual: name,
    })
  }
}

/**
 * Checks a wish against the login that is to serve it. A list that the login left open is open to a person, whose issuer never gives more at a
 * refresh or an exchange than the person has agreed to (RFC 6749 section 6). A client has no such bound: its issuer gives it what it
 * asks for by name, so its logins serve what their enrolment names and nothing else.
 *
 * Throws `scope_denied`.
 */
export function checkWithinLogin(family: Family, wanted: Wanted): void {
  const { scopes, audience, kind } = family
  const open = kind !== 'client_credentials'
  const limit = {
    scopes: open && scopes.length === 0 ? wanted.scopes : scopes,
    audience: open && audience.length === 0 ? wanted.audience : audience,
  }
  checkWithin(wanted, limit, 'this login')
}
