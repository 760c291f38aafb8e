import { asInvalidRequest } from '../token/as-invalid-request.ts'
import { parseAudience } from '../claims/audience.ts'
import { checkAudience, checkClaim, checkScope } from './chain.ts'
import type { ChainParent } from './parent.ts'
import { InvalidRequestError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../jose/json.ts'
import { parseScopes } from '../claims/scopes.ts'
import { SET_BY_SIGNING } from '../token/sign.ts'

/** What a derived token starts with: everything that its parent says, but for what signing sets. */
export function initialClaims({ claims }: ChainParent): JsonObject {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => name !== 'jti' && !SET_BY_SIGNING.includes(name)))
}

/** Whether a claim may be set so in a derived token. Throws, family `invalid_request`: `widened_chain`, `invalid_scope`, … */
export function checkDerivedClaim({ claims, link }: ChainParent, name: string, value: JsonValue): void {
  if (SET_BY_SIGNING.includes(name)) {
    throw new InvalidRequestError('invalid_claim', `the claim ${name} is set by signing`, { claim: name })
  }
  asInvalidRequest(() => {
    checkClaim(name, Object.hasOwn(claims, name) ? claims[name] : undefined, value)
    if (name === 'scope') checkScope(link, parseScopes(value as string))
    if (name === 'aud') checkAudience(link, parseAudience(value))
  })
}
