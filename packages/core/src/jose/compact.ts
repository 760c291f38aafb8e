import { type Algorithm, isAlgorithm } from './algorithms.ts'
import { decodeBase64url, encodeAscii } from './base64url.ts'
import { BoundedMap } from '../internal/bounded-map.ts'
import { ConfigError, quote, TokenNotAcceptableError } from '../errors.ts'
import { type JsonObject, parseJsonObject } from './json.ts'

/** Largest token that is looked at, in characters, where the relying party says nothing else. */
export const DEFAULT_MAX_TOKEN_LENGTH = 65_536

/** A compact JWS (RFC 7515 section 7.1), parsed and nothing more: nothing in it is to be believed yet. */
export interface CompactToken {
  /** The protected header, deeply frozen. */
  readonly header: JsonObject
  /** The claims, deeply frozen. */
  readonly claims: JsonObject
  /** Bytes that the signature covers. */
  readonly signingInput: Uint8Array<ArrayBuffer>
  /** The signature, decoded. */
  readonly signature: Uint8Array<ArrayBuffer>
}

/** A compact JWS of which the header was read, and nothing else. */
export interface SplitToken {
  /** The protected header, deeply frozen. */
  readonly header: JsonObject
  /** The second part as it came: base64url, or what pretends to be. */
  readonly payload: string
  /** The third part as it came. */
  readonly signature: string
  /** Header and payload as they came: what the signature covers. */
  readonly signed: string
}

/**
 * Splits a token of three parts and reads its header. Throws `too_large` before anything is decoded, `malformed_token` for what
 * has other parts, and for a header that is not exactly base64url, UTF-8 and a JSON object.
 *
 * @param maxLength - in characters. Default: 65 536.
 */
export function splitCompact(text: string, maxLength: number = DEFAULT_MAX_TOKEN_LENGTH): SplitToken {
  if (typeof text !== 'string') throw new TokenNotAcceptableError('malformed_token', 'a token is a string')
  checkTokenLength(text.length, maxLength)
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  // An empty signature is no malformation but what `alg: none` looks like: the algorithm is what refuses it.
  if (first < 1 || second <= first + 1 || text.includes('.', second + 1)) {
    throw new TokenNotAcceptableError('malformed_token', shapeProblem(text))
  }
  return {
    header: parseHeader(text.slice(0, first)),
    payload: text.slice(first + 1, second),
    signature: text.slice(second + 1),
    signed: text.slice(0, second),
  }
}

/** Reads the rest of an ordinary token, whose payload is a claims set. Throws `malformed_token`. */
export function readOrdinary(token: SplitToken): CompactToken {
  return withClaims(token, parseJsonObject(decodeBase64url(token.payload, CLAIMS), CLAIMS))
}

/** Puts a split token together with its claims, which were read from its payload. Throws `malformed_token`. */
export function withClaims(token: SplitToken, claims: JsonObject): CompactToken {
  const { signingInput, signature } = signatureOf(token)
  return { header: token.header, claims, signingInput, signature }
}

/** What there is to check of a split token. Throws `malformed_token`. */
export function signatureOf({ signature, signed }: SplitToken): Pick<CompactToken, 'signingInput' | 'signature'> {
  return { signature: decodeBase64url(signature, 'the signature'), signingInput: encodeAscii(signed) }
}

/**
 * Splits and parses an ordinary token of three parts. Throws `too_large` before anything is decoded, `malformed_token` for
 * everything that is not exactly base64url, UTF-8 and JSON objects.
 *
 * @param maxLength - in characters. Default: 65 536.
 */
export function parseCompact(text: string, maxLength?: number): CompactToken {
  return readOrdinary(splitCompact(text, maxLength))
}

/** What the second part of a token is called in a refusal. */
export const CLAIMS = 'the claims set'

/** Refuses a token that is too long to be looked at. Throws `too_large`; `config_error` for a limit that is none. */
export function checkTokenLength(length: number, maxLength: number): void {
  if (!Number.isSafeInteger(maxLength) || maxLength < 1)
    throw new ConfigError('config_error', 'the largest token length must be a positive whole number')
  if (length > maxLength) {
    throw new TokenNotAcceptableError('too_large', `a token of ${length} characters is over the limit of ${maxLength}`)
  }
}

// An issuer writes the same header into all tokens of a key, and reading it is pure: the last few are kept. Long ones are chains.
const HEADERS = new BoundedMap<string, JsonObject>({ maxEntries: 64 })
const MAX_KEPT_LENGTH = 512
// Most servers have one issuer with one key: comparing a text costs half of looking it up.
let lastText = ''
let lastHeader: JsonObject = {}

function parseHeader(text: string): JsonObject {
  if (text === lastText) return lastHeader
  const known = HEADERS.get(text)
  const header = known ?? parseJsonObject(decodeBase64url(text, 'the header'), 'the header')
  if (text.length <= MAX_KEPT_LENGTH) {
    lastText = copyOfSlice(text)
    lastHeader = header
    if (!known) HEADERS.set(lastText, header)
  }
  return header
}

/** A string of its own: engines let a slice keep the whole token alive, its signature included. */
function copyOfSlice(slice: string): string {
  return new TextDecoder().decode(encodeAscii(slice))
}

function shapeProblem(text: string): string {
  const parts = text.split('.', 6)
  if (parts.length === 4) return 'the token has a fourth part: a key must not leave its holder'
  if (parts.length === 3) return 'the token has an empty part'
  return `a token has three parts, this has ${parts.length > 5 ? 'more than five' : parts.length}`
}

/** Header members that every verifier must understand, read and judged. */
export interface CheckedHeader {
  readonly alg: Algorithm
  readonly kid: string | undefined
  /** Lower-case, without `application/`; `jwt` when absent. RFC 7515 section 4.1.9. */
  readonly typ: string
}

/** Extensions this library understands; only chain tokens may name them. */
export type KnownExtension = 'cwk' | 'pwt'

/**
 * Judges the protected header. `jwk`, `jku`, `x5u`, `x5c` are ignored: they are no source of trust (RFC 8725 section 3.10).
 *
 * @param accepted - the relying party's algorithms.
 * @param extensions - names that may stand in `crit`. Default: none, so any `crit` refuses the token (RFC 7515 section 4.1.11).
 */
export function checkHeader(
  header: JsonObject,
  accepted: readonly Algorithm[],
  extensions: readonly KnownExtension[] = [],
): CheckedHeader {
  const alg = own(header, 'alg')
  if (typeof alg !== 'string') throw headerProblem('alg', 'is missing or no string')
  if (!isAlgorithm(alg) || !accepted.includes(alg)) {
    throw new TokenNotAcceptableError('unsupported_alg', `the algorithm ${quote(alg)} is not accepted`, {
      reason: 'unsupported',
      claim: 'alg',
      expected: accepted,
      actual: alg,
    })
  }
  checkCritical(header, extensions)
  if (Object.hasOwn(header, 'b64')) throw headerProblem('b64', 'is not supported')
  if (Object.hasOwn(header, 'zip')) throw headerProblem('zip', 'belongs to encryption')
  const kid = own(header, 'kid')
  if (kid !== undefined && typeof kid !== 'string') throw headerProblem('kid', 'is no string')
  const typ = own(header, 'typ')
  if (typ !== undefined && typeof typ !== 'string') throw headerProblem('typ', 'is no string')
  return { alg, kid, typ: mediaType(typ) }
}

/** A `typ` as it is compared: in lower case, without `application/`. RFC 7515 section 4.1.9; media types have no case. */
export function mediaType(typ: string | undefined): string {
  return typ === undefined || typ === 'JWT' ? 'jwt' : typ.toLowerCase().replace(/^application\//, '')
}

function checkCritical(header: JsonObject, extensions: readonly KnownExtension[]): void {
  const crit = own(header, 'crit')
  if (crit === undefined) return
  const understood =
    Array.isArray(crit) &&
    crit.length > 0 &&
    new Set(crit).size === crit.length &&
    crit.every((name) => (extensions as readonly unknown[]).includes(name) && Object.hasOwn(header, name as string))
  if (!understood) throw headerProblem('crit', 'names something that is not understood here')
}

function headerProblem(claim: string, problem: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('malformed_token', `the header member ${claim} ${problem}`, { claim })
}

/** A member of a parsed object, never one that the prototype lends. */
export function own(object: JsonObject, name: string): JsonObject[string] | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
