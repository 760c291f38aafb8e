import { parseAny } from './chain/link.ts'
import { own } from './jose/compact.ts'
import type { JsonObject, JsonValue } from './jose/json.ts'

/**
 * What a token *says*. Nothing in it is true until it has been verified: it is for debugging and display, and shares no type
 * with {@link SciToken}, so that it cannot be handed to an Enforcer by mistake.
 */
export class UnverifiedToken {
  /** The protected header as the token states it. */
  readonly unverifiedHeader: JsonObject
  /** The claims as the token states them; of a chain's link, what stands in its array. */
  readonly unverifiedClaims: JsonObject

  /** @internal Made by {@link decodeUnverified}. */
  constructor(header: JsonObject, claims: JsonObject) {
    this.unverifiedHeader = header
    this.unverifiedClaims = claims
  }

  /** A claim as the token states it, or undefined. */
  getUnverified(name: string): JsonValue | undefined {
    return own(this.unverifiedClaims, name)
  }
}

/**
 * Reads a token, or one link of a chain, without verifying anything. Throws `malformed_token` or `too_large`.
 *
 * @param maxLength - in characters. Default: 65 536.
 */
export function decodeUnverified(text: string, maxLength?: number): UnverifiedToken {
  const { header, claims } = parseAny(text, maxLength)
  return new UnverifiedToken(header, claims)
}
