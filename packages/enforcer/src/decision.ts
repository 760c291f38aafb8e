import {
  type ErrorCode,
  type ErrorFamily,
  formatScope,
  type Path,
  type Scope,
  type SciTokenError,
} from '@scitokens/core'
import type { ValidatedToken } from './validated-token.ts'

/** The answer to "does this token allow this request here?", and why. Discriminated by `allowed`. */
export type Decision = Allowed | Refused

/** Yes. */
export interface Allowed {
  /** Yes. */
  readonly allowed: true
  /** One sentence for people. */
  readonly reason: string
  /** What allowed it: a scope of the token, in the server's namespace (the issuer's base path put in front). */
  readonly grantedBy: Scope
  /** The path that was judged. Use this one, not the one that came. Undefined where none was asked about. */
  readonly normalizedPath: Path | undefined
  /** Nothing. */
  readonly missing: readonly []
  /** The issuer of the token. */
  readonly issuer: string
  /** Its `sub`. */
  readonly subject: string | undefined
  /** The local account that the site's mapping names for this request, if any. */
  readonly user: string | undefined
  /** The token, for further questions. */
  readonly token: ValidatedToken
}

/** No, or not decided: `family` tells which. */
export interface Refused {
  /** No, or not decided. */
  readonly allowed: false
  /** Stable; see `docs/errors.md`. */
  readonly code: ErrorCode
  /** `not_acceptable` 401, `not_allowed` 403, `invalid_request` 400, `undecided` 503, `config` 500. */
  readonly family: ErrorFamily
  /** One sentence for people; nothing of a signature or key is in it. */
  readonly reason: string
  /** What would have been needed, as scopes write it: `read:/store/a`. Any one of them is enough. */
  readonly missing: readonly string[]
  /** Nothing did. */
  readonly grantedBy: undefined
  /** The path that was judged, where there was one. */
  readonly normalizedPath: Path | undefined
  /** Known once the token's claims have been verified. */
  readonly issuer: string | undefined
  /** The token's `sub`, once it is known to be acceptable. */
  readonly subject: string | undefined
  /** The token, where it is acceptable but does not allow this. */
  readonly token: ValidatedToken | undefined
  /** The same as an error to throw or to log. */
  readonly error: SciTokenError
}

/** What {@link Refused} knows beside the error. */
export interface RefusalEvidence {
  readonly missing?: readonly string[]
  readonly normalizedPath?: Path | undefined
  readonly token?: ValidatedToken | undefined
}

/** A refusal from an error. */
export function refused(error: SciTokenError, { missing = [], normalizedPath, token }: RefusalEvidence = {}): Refused {
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

/** Why a scope's yes is one. */
export function sentenceOf(scope: Scope): string {
  return `${formatScope(scope)} allows it`
}
