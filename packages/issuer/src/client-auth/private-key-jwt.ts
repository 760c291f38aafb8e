import { type Clock, decodeUnverified, KeySet, SciTokenError, verifyToken } from '@scitokens/core'
import type { Client } from '../clients/client.ts'
import { invalidClient } from '../http/oauth-error.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Store } from '../store/store.ts'

/** What the check of an assertion needs of the issuer. */
export interface AssertionTools {
  readonly secrets: Secrets
  readonly store: Store
  readonly clock: Clock
  /** The issuer's URL: name of the realm in the store. */
  readonly issuer: string
  /** Values that an assertion's `aud` may have: issuer and token endpoint. */
  readonly assertionAudiences: readonly string[]
  findClient(clientId: string): Promise<Client | undefined>
}

/** An assertion that says more than this many seconds ahead is refused: its `jti` would have to be kept for as long. */
const MAX_ASSERTION_SECONDS = 3600
/** Clocks differ. In seconds. */
const LEEWAY_SECONDS = 60

/** Authenticates a client by a JWT that it signed. RFC 7523 section 3. Throws `invalid_client`. */
export async function verifyClientAssertion(
  assertion: string,
  named: string | undefined,
  tools: AssertionTools,
): Promise<Client> {
  try {
    const claimed = decodeUnverified(assertion, 16_384).getUnverified('sub')
    if (typeof claimed !== 'string') throw invalidClient('the assertion has no sub')
    if (named !== undefined && named !== claimed) throw invalidClient('client_id differs from the sub of the assertion')
    const client = await tools.findClient(claimed)
    if (!client?.methods.has('private_key_jwt')) throw invalidClient('the client does not use private_key_jwt')
    const keys = await KeySet.fromJwks(client.jwks)
    const { claims } = await verifyToken(assertion, {
      keys: { getKeySet: () => keys },
      issuers: [claimed],
      algorithms: ['ES256', 'RS256', 'ES384', 'ES512', 'PS256', 'EdDSA'],
      maxLength: 16_384,
    })
    await checkAssertion(claims, claimed, tools)
    return client
  } catch (error) {
    if (error instanceof SciTokenError && error.family === 'not_acceptable') {
      throw invalidClient(`the client assertion is not acceptable: ${error.message}`)
    }
    throw error
  }
}

async function checkAssertion(
  claims: Readonly<Record<string, unknown>>,
  clientId: string,
  tools: AssertionTools,
): Promise<void> {
  const now = tools.clock()
  const audience = [claims['aud']].flat()
  if (!audience.some((aud) => tools.assertionAudiences.includes(aud as string))) {
    throw invalidClient('the assertion is not for this issuer')
  }
  if (Object.hasOwn(claims, 'cnf'))
    throw invalidClient('the assertion is bound to a key (cnf), of which no proof is taken')
  const { exp, nbf, jti } = claims
  if (typeof exp !== 'number' || exp + LEEWAY_SECONDS <= now) throw invalidClient('the assertion has expired')
  if (exp > now + MAX_ASSERTION_SECONDS) throw invalidClient('the assertion lives too long')
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now + LEEWAY_SECONDS))
    throw invalidClient('the assertion is not yet valid')
  if (typeof jti !== 'string' || jti === '') throw invalidClient('the assertion has no jti')
  const fresh = await tools.store.insertIfAbsent({
    realm: tools.issuer,
    kind: 'used',
    id: tools.secrets.hash('lookup', 'client-assertion', clientId, jti),
    value: {},
    expiresAt: exp + LEEWAY_SECONDS + 1,
  })
  if (!fresh) throw invalidClient('the assertion was used before')
}
