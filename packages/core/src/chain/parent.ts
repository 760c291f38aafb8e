// The holder's side of a chain: a token with its key as fourth part.
import { decodeBase64url, encodeBase64url } from '../jose/base64url.ts'
import { asInvalidRequest } from '../token/as-invalid-request.ts'
import { bareJwk, type ChainLink, effectiveClaims, parseChain } from './chain.ts'
import { DEFAULT_MAX_TOKEN_LENGTH } from '../jose/compact.ts'
import { InvalidRequestError } from '../errors.ts'
import { type JsonObject, parseJsonObject } from '../jose/json.ts'
import type { Jwk } from '../jose/jwk.ts'
import { SigningKey } from '../keys/signing-key.ts'

/** A four-part token taken apart. */
export interface KeyedToken {
  /** `header.payload.signature`: what may be shown to others, though servers refuse it by itself. */
  readonly token: string
  /** The private key that derives from it. */
  readonly key: Jwk
}

/** What a derived token is derived from, as far as its holder can tell: nothing of it is verified. */
export interface ChainParent {
  readonly token: string
  readonly link: ChainLink
  /** What the chain says up to here. */
  readonly claims: JsonObject
  readonly signer: () => Promise<SigningKey>
}

/**
 * Takes a four-part token apart: `header.payload.signature.key`. Throws `invalid_request` for anything else.
 */
export function splitKeyedToken(text: string): KeyedToken {
  const parts = typeof text === 'string' && text.length <= 2 * DEFAULT_MAX_TOKEN_LENGTH ? text.split('.', 5) : []
  const [header, payload, signature, key] = parts
  if (parts.length !== 4 || !header || !payload || !signature || !key) {
    throw new InvalidRequestError(
      'invalid_request',
      'this is no token with its key: only the holder of the key can derive from a token',
    )
  }
  const what = 'the fourth part'
  const jwk = asInvalidRequest(() => parseJsonObject(decodeBase64url(key, what), what)) as Jwk
  return { token: `${header}.${payload}.${signature}`, key: jwk }
}

/** Puts the key behind the token whose `cwk` it fits: what a client does with the base token it asked for. */
export function joinKeyedToken(token: string, key: SigningKey): string {
  const { childKey } = endOf(token)
  if (!childKey || !isSameKey(childKey.jwk, key.publicJwk)) throw foreignKey()
  const jwk = key.exportJwk()
  return `${token}.${encodeBase64url(new TextEncoder().encode(JSON.stringify(jwk)))}`
}

/** Reads a four-part token to derive from it. Throws `invalid_request`, `broken_chain` and what else is wrong with it. */
export function readParent(text: string): ChainParent {
  const { token, key } = splitKeyedToken(text)
  const links = asInvalidRequest(() => parseChain(token))
  const link = links.at(-1)!
  if (!link.childKey || typeof key.d !== 'string' || !isSameKey(link.childKey.jwk, key)) throw foreignKey()
  const alg = link.childKey.jwk.alg
  const own = alg === undefined ? {} : { alg: link.childKey.algorithms[0]! }
  let loading: Promise<SigningKey> | undefined
  return {
    token,
    link,
    claims: effectiveClaims(links),
    signer: () => (loading ??= SigningKey.fromJwk(key, own)),
  }
}

function endOf(token: string): ChainLink {
  return asInvalidRequest(() => parseChain(token)).at(-1)!
}

function isSameKey(a: Jwk, b: Jwk): boolean {
  return JSON.stringify(bareJwk(a)) === JSON.stringify(bareJwk(b))
}

function foreignKey(): InvalidRequestError {
  return new InvalidRequestError('broken_chain', 'the key does not fit the cwk of the token', { claim: 'cwk' })
}
