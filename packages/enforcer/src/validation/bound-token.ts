import { TokenNotAcceptableError, type VerifiedToken } from '@scitokens/core'
import { own } from '@scitokens/core/internal'

/**
 * Refuses a token that is bound to a key (`cnf`, RFC 7800 section 3.1): whoever stole it has everything but the key, so it is good
 * only together with a proof (RFC 8705 section 3, RFC 9449 section 7), and none is checked here. A `cnf` that makes no sense was meant
 * to bind as well, and a bound link of a chain binds all that was derived from it. Throws `proof_missing`.
 */
export function checkUnbound({ claims, links = [] }: Pick<VerifiedToken, 'claims' | 'links'>): void {
  if (![claims, ...links].some((link) => own(link, 'cnf') !== undefined)) return
  throw new TokenNotAcceptableError(
    'proof_missing',
    'the token is bound to a key (cnf), and nothing here can prove that its bearer has that key',
    { reason: 'unsupported', claim: 'cnf' },
  )
}
