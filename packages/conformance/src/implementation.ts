import type { CaseRequest, CaseVerifierOptions, Outcome, PrivateJwk } from './format.ts'
import type { PublishedKeys } from './published-keys.ts'

/** A question to a verifier. */
export interface Question {
  readonly token: string
  readonly request: CaseRequest
  /** Seconds since the epoch. An implementation whose clock cannot be set ignores it. */
  readonly now: number
  /** What the issuers publish at this moment; the same content is the same object. */
  readonly published: PublishedKeys
}

/** What an implementation answered. Members beside `outcome` are for what it can tell. */
export interface Answer {
  readonly outcome: Outcome
  /** Its stable code, in the words of the format. */
  readonly code?: string
  /** Its own words, for the report. */
  readonly message?: string
  readonly acls?: readonly (readonly [string, string])[]
  readonly normalizedPath?: string
  readonly mode?: string
  /** Of a token that was signed. */
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** "I cannot be asked this": the case is counted as skipped. */
export interface CannotAnswer {
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
  close?(): Promise<void> | void
}

/** What is to be signed. */
export interface SignQuestion {
  readonly key: PrivateJwk
  readonly profile: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  /** Seconds. */
  readonly lifetime: number | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** Anything that can be asked the questions of the cases: this project, another library, a program behind a pipe. */
export interface Implementation {
  /** With version, for reports. */
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
  close?(): Promise<void> | void
}
