import { type JsonObject, KeySet, type KeySource, SciTokenError, verifyToken } from '@scitokens/core'
import type { AssertionPolicy, Client } from '../clients/client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { RealmContext } from '../context/realm-context.ts'

/** What is needed to judge an assertion of another issuer. */
export interface AssertionContext extends RealmContext {
  /** Keys of issuers for which the client has none configured; undefined: there are none. */
  readonly foreignKeys: KeySource | undefined
}

const MAX_ASSERTION_SECONDS = 3600
const LEEWAY_SECONDS = 60

/**
 * Verifies an assertion by another issuer that this client may bring. RFC 7523 section 3: `iss`, `sub`, `aud`, `exp`; here `jti`
 * as well, so that it can be used once only. Throws `invalid_grant`.
 */
export async function verifyAssertion(realm: AssertionContext, assertion: string, client: Client): Promise<JsonObject> {
  const refuse = (description: string): OAuthError => new OAuthError('invalid_grant', description)
  const keys: KeySource = {
    getKeySet: (issuer, hint) => {
      const policy = client.assertions.find((candidate) => candidate.issuer === issuer)
      if (policy?.jwks !== undefined) return KeySet.fromJwks(policy.jwks)
      if (policy && realm.foreignKeys) return realm.foreignKeys.getKeySet(issuer, hint)
      throw refuse('assertions of this issuer are not accepted from this client')
    },
  }
  let claims: JsonObject
  try {
    const issuers = client.assertions.map((policy) => policy.issuer)
    claims = (await verifyToken(assertion, { keys, issuers, maxLength: 16_384 })).claims
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'not_acceptable') {
      throw new OAuthError('invalid_grant', 'the assertion is not acceptable', { detail: error.message, cause: error })
    }
    throw error
  }
  checkClaims(realm, claims, client.assertions.find((policy) => policy.issuer === claims['iss'])!, refuse)
  return claims
}

function checkClaims(
  realm: AssertionContext,
  claims: JsonObject,
  policy: AssertionPolicy,
  refuse: (description: string) => OAuthError,
): void {
  const now = realm.clock()
  const { exp, nbf, sub, jti } = claims
  // It would have to come with a proof of that key (RFC 7521 section 3), and none is looked for.
  if (Object.hasOwn(claims, 'cnf'))
    throw refuse('the assertion is bound to a key (cnf), of which no proof is taken here')
  const ours: unknown[] = [realm.issuer, realm.endpoints.token]
  if (![claims['aud']].flat().some((aud) => ours.includes(aud))) throw refuse('the assertion is not for this issuer')
  if (typeof exp !== 'number' || exp + LEEWAY_SECONDS <= now) throw refuse('the assertion has expired')
  if (exp > now + MAX_ASSERTION_SECONDS) throw refuse('the assertion lives too long')
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now + LEEWAY_SECONDS))
    throw refuse('the assertion is not yet valid')
  if (typeof sub !== 'string' || sub === '') throw refuse('the assertion has no sub')
  if (policy.subjects && !policy.subjects.includes(sub))
    throw refuse('the assertion is about somebody who may not be named')
  if (typeof jti !== 'string' || jti === '') throw refuse('the assertion has no jti')
}
