import {
  attenuate,
  decodeUnverified,
  type JsonObject,
  joinKeyedToken,
  SigningKey,
  splitKeyedToken,
} from '@scitokens/core'
import { formOf } from './form-claims.ts'
import type { TokenSource } from './signing.ts'

/** A token of the chain in the hands of somebody. */
export interface Link {
  readonly name: string
  /** With the holder's key as fourth part. */
  readonly keyed: string
  readonly scope: string
  readonly audience: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** What a new link may do less. */
export interface Restriction {
  readonly scope: string
  /** Separated by spaces. */
  readonly audience: string
  /** In seconds. */
  readonly lifetime: number
}

/** The first link: signed by the issuer, and bound to a key that was made here and stays here. */
export async function beginChain(source: TokenSource, claims: JsonObject): Promise<Link> {
  const key = await SigningKey.generate('ES256')
  const { scope, aud = source.issuer, sub = 'you' } = claims
  const payload = { sub, aud, scope: typeof scope === 'string' && scope !== '' ? scope : 'read:/data write:/data/john' }
  const token = await source.issue({ payload, algorithm: 'ES256', profile: 'scitoken:2.0', cwk: key.publicJwk })
  return toLink('You', joinKeyedToken(token, key))
}

/** A link that can do less, for somebody who may derive from it in turn. Throws what core says about a widening. */
export async function derive(parent: Link, name: string, less: Restriction, clock: () => number): Promise<Link> {
  return toLink(name, await attenuate({ ...options(parent, less), leaf: false, clock }))
}

/** What its holder sends to a service: a leaf, with everything that the link has. */
export function leafOf(link: Link, clock: () => number): Promise<string> {
  const lifetime = Math.max(1, Math.floor(link.expiresAt - clock()))
  return attenuate({ token: link.keyed, lifetime: Math.min(600, lifetime), clock })
}

function options({ keyed }: Link, { scope, audience, lifetime }: Restriction): Parameters<typeof attenuate>[0] {
  const names = audience.split(/\s+/).filter((name) => name !== '')
  return {
    token: keyed,
    lifetime,
    ...(scope.trim() === '' ? {} : { scopes: scope.trim() }),
    ...(names.length === 0 ? {} : { audience: names.length === 1 ? names[0]! : names }),
  }
}

function toLink(name: string, keyed: string): Link {
  const claims = decodeUnverified(splitKeyedToken(keyed).token).unverifiedClaims
  const said = formOf(claims)
  return {
    name,
    keyed,
    scope: said.scope,
    audience: said.aud,
    expiresAt: Number(claims['exp']),
  }
}
