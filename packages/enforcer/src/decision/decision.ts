import {
  type ErrorCode,
  type ErrorFamily,
  formatScope,
  type Path,
  type Scope,
  type SciTokenError,
} from '@scitokens/core'

/**
 * The answer to "does this token allow this request here?", and why. Discriminated by `allowed`.
 *
 * `Token` is the type of the answer's `token`: an `Enforcer` gives a `Decision<ValidatedToken>`. Leave it out where the token does
 * not matter.
 */
export type Decision<Token = unknown> = Allowed<Token> | Refused<Token>

/** The token allows the request. */
export interface Allowed<Token = unknown> {
  /** True: the request may go on. */
  readonly allowed: true
  /** One sentence for people. */
  readonly reason: string
  /** What allowed it: a scope of the token, in the server's namespace (the issuer's base path put in front). */
  readonly grantedBy: Scope
  /** The path that was judged. Use this one, not the one that came. Undefined where none was asked about. */
  readonly normalizedPath: Path | undefined
  /** Empty: no scope is missing. */
  readonly missing: readonly []
  /** The issuer of the token. */
  readonly issuer: string
  /** Whom the token speaks for: `sub`. */
  readonly subject: string | undefined
  /** The local account that the site's mapping names for this request, if any. */
  readonly user: string | undefined
  /** The token, for further questions. */
  readonly token: Token
}

/** The request may not go on: the token does not allow it, is not acceptable, or could not be judged. `family` tells which. */
export interface Refused<Token = unknown> {
  /** False: the request may not go on. */
  readonly allowed: false
  /** Stable; see `docs/errors.md`. */
  readonly code: ErrorCode
  /** `not_acceptable` 401, `not_allowed` 403, `invalid_request` 400, `undecided` 503, `config` 500. */
  readonly family: ErrorFamily
  /** One sentence for people; nothing of a signature or key is in it. */
  readonly reason: string
  /** What would have been needed, as scopes write it: `read:/store/a`. Any one of them is enough. */
  readonly missing: readonly string[]
  /** Undefined: no scope allowed it. */
  readonly grantedBy: undefined
  /** The path that was judged, where there was one. */
  readonly normalizedPath: Path | undefined
  /** Known once the token's claims have been verified. */
  readonly issuer: string | undefined
  /** The token's `sub`, once it is known to be acceptable. */
  readonly subject: string | undefined
  /** The token, where it is acceptable but does not allow this. */
  readonly token: Token | undefined
  /** The same as an error to throw or to log. */
  readonly error: SciTokenError
}

/** What a {@link Refused} tells besides the error. */
export interface RefusalEvidence<Token> {
  readonly missing?: readonly string[]
  readonly normalizedPath?: Path | undefined
  readonly token?: Token | undefined
}

/** What a refusal tells of an acceptable token. */
interface AboutToken {
  readonly issuer: string
  readonly subject: string | undefined
}

/** A refusal from an error. */
export function refused<Token extends AboutToken>(
  error: SciTokenError,
  { missing = [], normalizedPath, token }: RefusalEvidence<Token> = {},
): Refused<Token> {
  return {
    allowed: false,
    code: error.code,
    family: error.family,
    reason: error.message,
    missing,
    grantedBy: undefined,
    normalizedPath,
    issuer: token?.issuer ?? error.issuer,
    subject: token?.subject,
    token,
    error,
  }
}

/** The reason of a {@link Decision} that a scope allowed. */
export function sentenceOf(scope: Scope): string {
  return `${formatScope(scope)} allows it`
}
