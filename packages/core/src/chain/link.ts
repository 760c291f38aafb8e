// What a link of a chain looks like (DESIGN "Token chains"). It is a JWS and no JWT: its payload is an array with the claims set in
// it, so that a verifier that knows nothing of chains, and looks at none of `typ`, `crit` and `ver`, has no claims to accept.
// Nothing here checks a signature, or what a link says.
import { decodeBase64url } from '../jose/base64url.ts'
import {
  CLAIMS,
  type CompactToken,
  mediaType,
  splitCompact,
  type SplitToken,
  own,
  readOrdinary,
  withClaims,
} from '../jose/compact.ts'
import { ConfigError, type ErrorReason, TokenNotAcceptableError } from '../errors.ts'
import { type JsonObject, type JsonValue, parseJsonObjectInArray } from '../jose/json.ts'
import type { ChainLimits } from '../token/verification.ts'
import { CHAIN_TYPE } from '../claims/profiles.ts'

/** Deepest chain where the relying party says nothing else, in links below the base. */
const DEFAULT_MAX_CHAIN_DEPTH = 8

/** Whether a header is that of a link. By any of its marks: a link that lacks one is a broken chain, never an ordinary token. */
export function isChainLink(header: JsonObject): boolean {
  const typ = own(header, 'typ')
  const isTyped = typeof typ === 'string' && mediaType(typ) === CHAIN_TYPE
  return isTyped || Object.hasOwn(header, 'cwk') || Object.hasOwn(header, 'pwt')
}

/** The payload of a link that says this. */
export function linkPayload(claims: JsonObject): JsonValue {
  return [claims]
}

/** Reads what a link says. Throws `malformed_token`. */
export function readLinkClaims({ payload }: SplitToken): JsonObject {
  return parseJsonObjectInArray(decodeBase64url(payload, CLAIMS), `${CLAIMS} of a chain's link`)
}

/** Reads a token of either kind. Throws `too_large`, `malformed_token`. */
export function parseAny(text: string, maxLength?: number): CompactToken {
  const token = splitCompact(text, maxLength)
  return isChainLink(token.header) ? withClaims(token, readLinkClaims(token)) : readOrdinary(token)
}

/**
 * Splits a chain into its links and reads their headers, and neither claims nor signatures.
 *
 * Throws `too_large`, `malformed_token`, `broken_chain`.
 *
 * @param end - the last link, split.
 * @returns all links, the base first.
 */
export function splitLinks(end: SplitToken, limits: ChainLimits): readonly SplitToken[] {
  const maxDepth = checkDepth(limits)
  const links = [end]
  for (let parent = parentOf(end); parent !== undefined; parent = parentOf(links[0]!)) {
    if (links.length > maxDepth) {
      throw new TokenNotAcceptableError('too_large', `a chain of more than ${maxDepth} links below its base`, {
        reason: 'invalid',
      })
    }
    // It is a part of the text whose length was judged.
    links.unshift(splitCompact(parent, Math.max(parent.length, 1)))
  }
  return links
}

/** How deep a chain may be. Throws `config_error`. */
export function checkDepth({ maxDepth = DEFAULT_MAX_CHAIN_DEPTH }: ChainLimits): number {
  if (Number.isSafeInteger(maxDepth) && maxDepth >= 1) return maxDepth
  throw new ConfigError('config_error', 'the depth of chains must be a positive whole number')
}

/** `typ` and `crit` say what the token is, each on its own. Returns the parent, or undefined for a base token. Throws `broken_chain`. */
export function parentOf({ header }: SplitToken): string | undefined {
  const typ = own(header, 'typ')
  if (typeof typ !== 'string' || mediaType(typ) !== CHAIN_TYPE) {
    throw broken('a link of the chain has another type', 'typ', 'mismatch')
  }
  const present = ['cwk', 'pwt'].filter((name) => Object.hasOwn(header, name))
  const crit = own(header, 'crit')
  const named = Array.isArray(crit) ? crit : []
  if (present.length === 0 || named.length !== present.length || !present.every((name) => named.includes(name))) {
    throw broken('the crit of a link must name its cwk and pwt, and nothing else', 'crit')
  }
  const pwt = own(header, 'pwt')
  if (pwt !== undefined && typeof pwt !== 'string') throw broken('pwt must be a string', 'pwt')
  return pwt
}

function broken(message: string, claim: string, reason: ErrorReason = 'invalid'): TokenNotAcceptableError {
  return new TokenNotAcceptableError('broken_chain', message, { reason, claim })
}
