import {
  type JsonObject,
  type Jwk,
  type ProfileName,
  signBaseToken,
  type Signer,
  SciTokenError,
  signToken,
} from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Client } from '../clients/client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import type { PolicyDecision } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import type { RealmContext } from '../context/realm-context.ts'
import { confirmationOf } from './confirmation.ts'

/** Whom an access token is about, who acts for it, and to what it is bound. */
export interface AccessTokenSubject {
  readonly principal: Principal
  /** `act` of a delegation. RFC 8693 section 4.1. */
  readonly actor?: JsonObject
  /** `cnf` of what was presented: the token stays bound to it, unless the client's own certificate takes its place. */
  readonly confirmation?: JsonObject
}

/** What an access token is made of. */
export interface AccessTokenInput {
  readonly realm: RealmContext & { readonly wlcgVersion: string }
  readonly signer: Signer
  readonly authentication: AuthenticatedClient
  readonly proposal: AccessTokenSubject
  readonly decision: PolicyDecision
  readonly profile: ProfileName
  readonly audience: readonly string[]
  readonly scope: string
  readonly jti: string
  /** In seconds. */
  readonly lifetime: number
  /** Seconds since the epoch. */
  readonly now: number
  /** The token is the base of a chain: whoever holds this key can derive from it. */
  readonly cwk: Jwk | undefined
}

/** Signs an access token, or the base of a token chain. Called by the pipeline alone. */
export async function signAccessToken(input: AccessTokenInput): Promise<string> {
  const { realm, authentication, proposal, decision, audience, scope, cwk, profile } = input
  const options = {
    signer: input.signer,
    lifetime: input.lifetime,
    maxLifetime: realm.times.maxLifetime,
    backdate: realm.times.backdate,
    clock: () => input.now,
    claims: {
      iss: realm.issuer,
      sub: proposal.principal.subject,
      aud: audience.length === 1 ? audience[0]! : [...audience],
      jti: input.jti,
      client_id: authentication.client.clientId,
      ...(scope === '' ? {} : { scope }),
      ...(decision.groups.length > 0 ? { 'wlcg.groups': [...decision.groups] } : {}),
      ...(proposal.actor ? { act: proposal.actor } : {}),
      ...confirmation(authentication, proposal),
    },
  }
  if (cwk === undefined) return signToken({ ...options, profile, wlcgVersion: realm.wlcgVersion })
  try {
    return await signBaseToken({ ...options, cwk })
  } catch (error) {
    if (error instanceof SciTokenError && error.claim === 'cwk')
      throw new OAuthError('invalid_request', error.message, { cause: error })
    throw error
  }
}

/** The parameter `cwk`: a public JWK as JSON, where the client may have bases of token chains. */
export function readChildKey(client: Client, parameters: Parameters, wlcg: boolean): Jwk | undefined {
  const text = parameters.one('cwk')
  if (text === undefined) return undefined
  if (!client.chains) throw new OAuthError('unauthorized_client', 'this client may not have the base of a token chain')
  if (wlcg)
    throw new OAuthError('invalid_request', 'token chains follow the rules of scitoken:2.0, not of the WLCG profile')
  try {
    const jwk: unknown = JSON.parse(text)
    if (typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk)) return jwk
  } catch {
    // Said below, for every kind of nonsense alike.
  }
  throw new OAuthError('invalid_request', 'cwk must be a public JWK as JSON')
}

/**
 * RFC 8705 section 3.1: a client known by its certificate gets tokens that only this certificate can use. One that was bound before stays
 * bound to what it was.
 */
function confirmation(
  { method, certificate }: AuthenticatedClient,
  { confirmation: before }: AccessTokenSubject,
): JsonObject {
  if (method === 'tls' && certificate) return { cnf: confirmationOf(certificate) }
  return given({ cnf: before })
}
