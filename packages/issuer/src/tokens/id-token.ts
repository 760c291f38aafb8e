import { createHash } from 'node:crypto'
import type { JsonObject, Signer } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { Client } from '../clients/client.ts'
import type { PolicyDecision } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import type { RealmContext } from '../context/realm-context.ts'

/** What an ID token is made of. */
export interface IdTokenInput {
  readonly realm: RealmContext & { readonly wlcgVersion: string }
  readonly signer: Signer
  readonly client: Client
  /** Who logged in, and the `nonce` of the authorization request. */
  readonly proposal: { readonly principal: Principal; readonly nonce?: string }
  readonly decision: PolicyDecision
  readonly accessToken: string
  readonly wlcg: boolean
  /** Seconds since the epoch. */
  readonly now: number
}

/**
 * Signs an ID token: OpenID Connect Core section 2. It is made apart from access tokens on purpose: no scope, the client as its
 * only audience, and claims (`at_hash`) that make verifiers of access tokens refuse it.
 */
export async function signIdToken(input: IdTokenInput): Promise<string> {
  const { realm, signer, client, proposal, decision, wlcg, now } = input
  const { principal, nonce } = proposal
  const claims: JsonObject = {
    iss: realm.issuer,
    sub: principal.subject,
    aud: client.clientId,
    iat: now - realm.times.backdate,
    exp: now + realm.times.idTokenSeconds,
    at_hash: halfHash(input.accessToken),
    ...given({ auth_time: principal.authTime, nonce }),
    ...(wlcg ? { 'wlcg.ver': realm.wlcgVersion } : {}),
    ...(decision.groups.length > 0 ? { 'wlcg.groups': [...decision.groups] } : {}),
    ...identityClaims(principal, decision.identity),
  }
  const encode = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({ alg: signer.alg, typ: 'JWT', kid: signer.kid })}.${encode(claims)}`
  return `${text}.${Buffer.from(await signer.sign(new TextEncoder().encode(text))).toString('base64url')}`
}

/** Claims that identity scopes ask for. OpenID Connect Core section 5.4. Told as the upstream told them. */
const SCOPE_CLAIMS: Readonly<Record<string, readonly string[]>> = {
  openid: ['wlcg.credkey'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username', 'eduperson_principal_name'],
  email: ['email', 'email_verified'],
}

/** The claims about a person that these identity scopes open. */
function identityClaims(principal: Principal, identity: readonly string[]): JsonObject {
  const names = identity.flatMap((scope) => SCOPE_CLAIMS[scope] ?? [])
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(principal.claims, name)).map((name) => [name, principal.claims[name]!]),
  )
}

/** The left half of the SHA-256. OpenID Connect Core section 3.1.3.6; ES256 and RS256 both use SHA-256. */
function halfHash(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')
}
