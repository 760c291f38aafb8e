/**
 * Every failure of these packages is a {@link SciTokenError}: a stable `code`, a `family` that says who has to act, and
 * evidence that is safe to log. The token itself, its signature and keys never appear in an error.
 *
 * Two families never mix: `not_acceptable` ("this token is not acceptable") and `undecided` ("we could not decide").
 */
import type { CallerCode, CodeOf, ErrorCode, ErrorFamily } from './error-codes.ts'
import { isSecretName, redactSecrets } from './text/redact.ts'
import { HIDDEN } from './text/visible-text.ts'

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
  /** Why, in one word, where the code leaves it open. */
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
  /** What went wrong, as a stable word; `docs/errors.md` has a row for each. */
  readonly code: ErrorCode
  /** Who has to act: the bearer, the caller, the operator, or nobody but time. */
  readonly family: ErrorFamily
  /** Why, in one word, where the code leaves it open. */
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
  /** One of the codes that refuse a token. */
  declare readonly code: CodeOf<'not_acceptable'>
  /** Whether a value is an error of this family, from whatever copy of this package; of a derived class, as with any class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, TokenNotAcceptableError, 'not_acceptable')
  }

  constructor(code: CodeOf<'not_acceptable'>, message: string, evidence?: ErrorEvidence) {
    super('not_acceptable', code, message, evidence)
  }
}

/** The token is acceptable, but does not allow this. HTTP 403. */
export class NotAllowedError extends SciTokenError {
  /** One of the codes that deny what was asked for. */
  declare readonly code: CodeOf<'not_allowed'>
  /** Whether a value is an error of this family, from whatever copy of this package; of a derived class, as with any class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, NotAllowedError, 'not_allowed')
  }

  constructor(code: CodeOf<'not_allowed'>, message: string, evidence?: ErrorEvidence) {
    super('not_allowed', code, message, evidence)
  }
}

/** The caller's arguments, or the shape of the HTTP request, make no sense. Nothing was decided. HTTP 400. */
export class InvalidRequestError extends SciTokenError {
  /** One of the codes that tell a caller of a mistake. */
  declare readonly code: CallerCode<'invalid_request'>
  /** Whether a value is an error of this family, from whatever copy of this package; of a derived class, as with any class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, InvalidRequestError, 'invalid_request')
  }

  constructor(code: CallerCode<'invalid_request'>, message: string, evidence?: ErrorEvidence) {
    super('invalid_request', code, message, evidence)
  }
}

/** We could not decide: the issuer's keys could not be had. Never to be told as "bad token". HTTP 503. */
export class UndecidedError extends SciTokenError {
  /** One of the codes that say why nothing could be decided. */
  declare readonly code: CodeOf<'undecided'>
  /** Whether a value is an error of this family, from whatever copy of this package; of a derived class, as with any class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, UndecidedError, 'undecided')
  }

  constructor(code: CodeOf<'undecided'>, message: string, evidence?: ErrorEvidence) {
    super('undecided', code, message, evidence)
  }
}

/** An option, file or environment variable is wrong. Thrown at construction wherever possible. HTTP 500. */
export class ConfigError extends SciTokenError {
  /** One of the codes that tell an operator of a mistake. */
  declare readonly code: CallerCode<'config'>
  /** Whether a value is an error of this family, from whatever copy of this package; of a derived class, as with any class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfFamily(value, this, ConfigError, 'config')
  }

  constructor(code: CallerCode<'config'>, message: string, evidence?: ErrorEvidence) {
    super('config', code, message, evidence)
  }
}
