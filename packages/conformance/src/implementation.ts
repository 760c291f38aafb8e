import type { CaseRequest, CaseVerifierOptions, Outcome, PrivateJwk } from './format.ts'
import type { PublishedKeys } from './published-keys.ts'

/** A question to a verifier. */
export interface Question {
  /** The token, as it comes with a request. */
  readonly token: string
  /** What is asked of it. */
  readonly request: CaseRequest
  /** When it is asked, in seconds since the epoch. An implementation whose clock cannot be set ignores it. */
  readonly now: number
  /** What the issuers publish at this moment; the same content is the same object. */
  readonly published: PublishedKeys
}

/** What an implementation answered. Members beside `outcome` are for what it can tell. */
export interface Answer {
  /** What came of the question. */
  readonly outcome: Outcome
  /** Its stable code, in the words of the format. */
  readonly code?: string
  /** Its own words, for the report. */
  readonly message?: string
  /** What the token grants, in order. */
  readonly acls?: readonly (readonly [string, string])[]
  /** The path that was judged, in its normal form. */
  readonly normalizedPath?: string
  /** Whether capabilities or groups decide. */
  readonly mode?: string
  /** Header of a token that was signed. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Claims of a token that was signed. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** "I cannot be asked this": the case is counted as skipped. */
export interface CannotAnswer {
  /** Why not, for the report. */
  readonly cannot: string
}

/** The implementation's program ended instead of answering. The next question goes to a new one. */
export interface Ended {
  /** Its last words, or `silently`. */
  readonly ended: string
}

/** One verifier object. */
export interface Verifier {
  /** Answers, whatever the token. Anything thrown is a stray exception, and fails the case. */
  ask(question: Question): Promise<Answer | CannotAnswer | Ended>
  /** Releases what the verifier holds. It is asked nothing afterwards. */
  close?(): Promise<void> | void
}

/** What is to be signed. */
export interface SignQuestion {
  /** Signs the token. */
  readonly key: PrivateJwk
  /** Which rules the token follows; undefined: those of the implementation. */
  readonly profile: string | undefined
  /** The claims to put in. */
  readonly claims: Readonly<Record<string, unknown>>
  /** How long the token lives, in seconds; undefined: as the implementation has it. */
  readonly lifetime: number | undefined
  /** When it is signed, in seconds since the epoch. */
  readonly now: number
}

/** Anything that can be asked the questions of the cases: this project, another library, a program behind a pipe. */
export interface Implementation {
  /** Its name and version, for reports. */
  readonly name: string
  /** Whether its clock can be set. If not, tokens are signed afresh, and cases that need another time are skipped. */
  readonly clock: 'settable' | 'real'
  /**
   * Whether it tells "not allowed", "not acceptable" and "could not decide" apart. If not, each of the three is taken as a
   * plain "no", and the report says so.
   */
  readonly tellsRefusalsApart: boolean
  /** Why a verifier with these options cannot be had, or undefined when it can. Asked once per case. */
  lacks(options: CaseVerifierOptions, requests: readonly CaseRequest[]): string | undefined
  /** Makes a verifier. Wrong options show when it is asked, as an answer with the outcome `error`. */
  createVerifier(options: CaseVerifierOptions): Verifier
  /** Signs; absent where the implementation cannot be asked to. */
  sign?(question: SignQuestion): Promise<Answer | CannotAnswer | Ended>
  /** Releases what the implementation holds, its program for example. */
  close?(): Promise<void> | void
}
