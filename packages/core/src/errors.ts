/**
 * Every failure of these packages is a {@link SciTokenError}: a stable `code`, a `family` that says who has to act, and
 * evidence that is safe to log. The token itself, its signature and keys never appear in an error.
 *
 * Two families never mix: `not_acceptable` ("this token is not acceptable") and `undecided` ("we could not decide").
 */
import { HIDDEN } from './text/visible-text.ts'

import { isSecretName, redactSecrets } from './text/redact.ts'

/** Stable, documented in `docs/errors.md`, one row each. */
export const ERROR_CODES = [
  // the token, as delivered
  'malformed_token',
  'too_large',
  'unsupported_alg',
  'bad_signature',
  'key_not_found',
  'weak_key',
  'unsupported_key',
  // its claims, here and now
  'untrusted_issuer',
  'missing_claim',
  'invalid_claim',
  'unknown_claim',
  'unsupported_version',
  'profile_mismatch',
  'expired',
  'not_yet_valid',
  'lifetime_too_long',
  'aud_mismatch',
  'invalid_scope',
  'proof_missing',
  'revoked',
  // chains
  'chain_not_accepted',
  'parent_not_accepted',
  'broken_chain',
  'widened_chain',
  // acceptable, but does not allow this
  'scope_denied',
  'group_denied',
  // clients with certificates
  'bad_certificate',
  // the submit host
  'login_required',
  'peer_not_allowed',
  // the request or the caller's arguments
  'no_credentials',
  'invalid_request',
  // we could not decide
  'issuer_unavailable',
  'discovery_failed',
  'insecure_url',
  'aborted',
  'undecided',
  // whoever set this up
  'config_error',
] as const

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * Who has to act: the bearer (`not_acceptable`, `not_allowed`), the caller (`invalid_request`), the operator (`config`),
 * or nobody but time (`undecided`).
 */
export type ErrorFamily = 'not_acceptable' | 'not_allowed' | 'invalid_request' | 'undecided' | 'config'

/**
 * Who has to act where a code is told of a token or of a decision. Whoever signs, derives or configures what a verifier would refuse is told
 * by the verifier's code too, and then it is the caller's mistake: `invalid_request` or `config`. No code is both "not acceptable" and
 * "could not decide": the classes below take those of their family alone.
 */
export const ERROR_FAMILIES = {
  malformed_token: 'not_acceptable',
  too_large: 'not_acceptable',
  unsupported_alg: 'not_acceptable',
  bad_signature: 'not_acceptable',
  key_not_found: 'not_acceptable',
  weak_key: 'not_acceptable',
  unsupported_key: 'not_acceptable',
  untrusted_issuer: 'not_acceptable',
  missing_claim: 'not_acceptable',
  invalid_claim: 'not_acceptable',
  unknown_claim: 'not_acceptable',
  unsupported_version: 'not_acceptable',
  profile_mismatch: 'not_acceptable',
  expired: 'not_acceptable',
  not_yet_valid: 'not_acceptable',
  lifetime_too_long: 'not_acceptable',
  aud_mismatch: 'not_acceptable',
  invalid_scope: 'not_acceptable',
  proof_missing: 'not_acceptable',
  revoked: 'not_acceptable',
  chain_not_accepted: 'not_acceptable',
  parent_not_accepted: 'not_acceptable',
  broken_chain: 'not_acceptable',
  widened_chain: 'not_acceptable',
  scope_denied: 'not_allowed',
  group_denied: 'not_allowed',
  bad_certificate: 'not_acceptable',
  login_required: 'not_acceptable',
  peer_not_allowed: 'not_allowed',
  no_credentials: 'invalid_request',
  invalid_request: 'invalid_request',
  issuer_unavailable: 'undecided',
  discovery_failed: 'undecided',
  insecure_url: 'config',
  aborted: 'undecided',
  undecided: 'undecided',
  config_error: 'config',
} as const

/** The codes of a family. */
export type CodeOf<Family extends ErrorFamily> = {
  [Code in ErrorCode]: (typeof ERROR_FAMILIES)[Code] extends Family ? Code : never
}[ErrorCode]

/** Codes of the caller's mistakes: his own family's, and those of what he makes and nobody would accept. */
export type CallerCode<Family extends 'invalid_request' | 'config'> = CodeOf<Family | 'not_acceptable'>

/** Why, in one word, where the code leaves it open. */
export type ErrorReason =
  | 'missing'
  | 'invalid'
  | 'mismatch'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'unsupported'
  | 'unavailable'

/** Typed evidence. Values come from claims, options and URLs; never from a signature or a key. */
export interface ErrorEvidence {
  /** Why, where the code leaves it open. */
  readonly reason?: ErrorReason
  /** The claim or header member at fault. */
  readonly claim?: string
  /** What would have been accepted. */
  readonly expected?: unknown
  /** What was found. A copy is kept, as of `expected`: short and without tokens, at any depth. */
  readonly actual?: unknown
  /** The issuer that it is about, as the token or the configuration names it. */
  readonly issuer?: string
  /** Seconds after which another try may succeed. */
  readonly retryAfterSeconds?: number
  /** The error behind this one. */
  readonly cause?: unknown
}

const brand = Symbol.for('scitokens.error')
const MAX_QUOTED = 200

/** Quotes text that came from outside: no tokens, no characters that a log or terminal obeys, at most 200 characters. */
export function quote(value: unknown): string {
  const text = redactSecrets(typeof value === 'string' ? value : describe(value))
  return `"${clip(text.replaceAll(/[\t\n]/g, '?').replaceAll(HIDDEN, '?'))}"`
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value
  }
}

function clip(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED).replace(/[\uD800-\uDBFF]$/, '')}…` : text
}

/** Most values, and depth, of what is kept of evidence. */
const MAX_VALUES = 200
const MAX_DEPTH = 4

/**
 * Evidence may be a whole claim of the sender's, or whatever a validator of somebody else's compared it with: what is kept is a
 * copy, short and without tokens and keys, in the names of members too.
 */
function evidenceOf(evidence: unknown): unknown {
  let left = MAX_VALUES
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return clip(redactSecrets(value))
    if (typeof value === 'function' || typeof value === 'symbol') return typeof value
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Date) return value
    if (!Array.isArray(value) && !isPlain(value)) return Object.prototype.toString.call(value)
    if (depth === MAX_DEPTH) return '…'
    const kept = Object.entries(value).slice(0, Math.max(0, left))
    left -= kept.length
    if (Array.isArray(value)) return kept.map(([, item]) => copy(item, depth + 1))
    return Object.fromEntries(
      kept.map(([name, item]) => [
        clip(redactSecrets(name)),
        typeof item === 'string' && isSecretName(name) ? '[redacted]' : copy(item, depth + 1),
      ]),
    )
  }
  try {
    return copy(evidence, 0)
  } catch {
    // A getter of somebody's object threw: the error itself must come through.
    return typeof evidence
  }
}

/** An object as JSON makes it, and no class with secrets inside; from another realm too. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The name of the class that stands for a family; not read off the class, as minifiers rename those. */
const CLASS_NAMES: Readonly<Record<ErrorFamily, string>> = {
  not_acceptable: 'TokenNotAcceptableError',
  not_allowed: 'NotAllowedError',
  invalid_request: 'InvalidRequestError',
  undecided: 'UndecidedError',
  config: 'ConfigError',
}

/** Base class of every error; recognised by `instanceof` across copies of this package. */
export class SciTokenError extends Error {
  /** Stable; see `docs/errors.md`. */
  readonly code: ErrorCode
  /** Who has to act. */
  readonly family: ErrorFamily
  /** Why, where the code leaves it open. */
  readonly reason: ErrorReason | undefined
  /** The claim or header member at fault. */
  readonly claim: string | undefined
  /** What would have been accepted; short and without tokens. */
  readonly expected: unknown
  /** What was found; short and without tokens. */
  readonly actual: unknown
  /** The issuer that it is about. */
  readonly issuer: string | undefined
  /** Seconds after which another try may succeed. */
  readonly retryAfterSeconds: number | undefined

  constructor(family: ErrorFamily, code: ErrorCode, message: string, evidence: ErrorEvidence = {}) {
    super(redactSecrets(message), evidence.cause === undefined ? undefined : { cause: evidence.cause })
    this.name = CLASS_NAMES[family]
    this.code = code
    this.family = family
    this.reason = evidence.reason
    this.claim = typeof evidence.claim === 'string' ? clip(redactSecrets(evidence.claim)) : undefined
    this.expected = evidenceOf(evidence.expected)
    this.actual = evidenceOf(evidence.actual)
    this.issuer = typeof evidence.issuer === 'string' ? clip(redactSecrets(evidence.issuer)) : undefined
    this.retryAfterSeconds = evidence.retryAfterSeconds
    Object.defineProperty(this, brand, { value: true })
  }

  /** Known by a brand, as two copies of this package may meet. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(value, this, this === SciTokenError ? () => true : undefined)
  }
}

// Packages are published one by one, so two copies of core may meet: brand and family decide, not the class object. A class
// that somebody derives from these is recognised as any class is.
function isInstance(
  value: unknown,
  constructor: { readonly prototype: unknown },
  matches: ((error: SciTokenError) => boolean) | undefined,
): boolean {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  if (matches) return matches(value as unknown as SciTokenError)
  return Object.prototype.isPrototypeOf.call(constructor.prototype as object, value)
}

function isOfFamily(
  value: unknown,
  asked: { readonly prototype: unknown },
  own: unknown,
  family: ErrorFamily,
): boolean {
  return isInstance(value, asked, asked === own ? (error) => error.family === family : undefined)
}

/** This token is not acceptable, whatever is asked of it. HTTP 401. */
export class TokenNotAcceptableError extends SciTokenError {
  declare readonly code: CodeOf<'not_acceptable'>
  /** As {@link SciTokenError}: by brand and family. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, TokenNotAcceptableError, 'not_acceptable')
  }

  constructor(code: CodeOf<'not_acceptable'>, message: string, evidence?: ErrorEvidence) {
    super('not_acceptable', code, message, evidence)
  }
}

/** The token is acceptable, but does not allow this. HTTP 403. */
export class NotAllowedError extends SciTokenError {
  declare readonly code: CodeOf<'not_allowed'>
  /** As {@link SciTokenError}: by brand and family. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, NotAllowedError, 'not_allowed')
  }

  constructor(code: CodeOf<'not_allowed'>, message: string, evidence?: ErrorEvidence) {
    super('not_allowed', code, message, evidence)
  }
}

/** The caller's arguments, or the shape of the HTTP request, make no sense. Nothing was decided. HTTP 400. */
export class InvalidRequestError extends SciTokenError {
  declare readonly code: CallerCode<'invalid_request'>
  /** As {@link SciTokenError}: by brand and family. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, InvalidRequestError, 'invalid_request')
  }

  constructor(message: string, evidence?: ErrorEvidence, code: CallerCode<'invalid_request'> = 'invalid_request') {
    super('invalid_request', code, message, evidence)
  }
}

/** We could not decide: the issuer's keys could not be had. Never to be told as "bad token". HTTP 503. */
export class UndecidedError extends SciTokenError {
  declare readonly code: CodeOf<'undecided'>
  /** As {@link SciTokenError}: by brand and family. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, UndecidedError, 'undecided')
  }

  constructor(code: CodeOf<'undecided'>, message: string, evidence?: ErrorEvidence) {
    super('undecided', code, message, evidence)
  }
}

/** An option, file or environment variable is wrong. Thrown at construction wherever possible. HTTP 500. */
export class ConfigError extends SciTokenError {
  declare readonly code: CallerCode<'config'>
  /** As {@link SciTokenError}: by brand and family. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, ConfigError, 'config')
  }

  constructor(message: string, evidence?: ErrorEvidence, code: CallerCode<'config'> = 'config_error') {
    super('config', code, message, evidence)
  }
}
