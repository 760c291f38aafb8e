/** The word in a file's `format` member that this runner reads. */
export const CASE_FORMAT = 'scitokens-conformance/1'

/** What came of a question, as the format names it. */
export type Outcome = 'allow' | 'deny' | 'invalid' | 'error'

/** Every {@link Outcome}. */
export const OUTCOMES: readonly Outcome[] = ['allow', 'deny', 'invalid', 'error']

/** Options that a case may ask of a verifier. An option that is not listed here is unknown, and its case is skipped. */
export const VERIFIER_OPTIONS = [
  'issuers',
  'audience',
  'audienceCheck',
  'profiles',
  'clockTolerance',
  'maxLifetime',
  'strict',
  'requireKid',
  'acceptPaddedKeys',
  'acceptScp',
  'acceptUriScopes',
  'acceptAnyInV1',
  'basePath',
  'rejectDotSegments',
  'scitokensCppCompat',
  'chains',
] as const

/** Questions that a case may put. */
export const OPERATIONS = ['test', 'acls', 'verify', 'operation', 'group', 'host', 'mode', 'sign'] as const

/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number]

/** A private JWK of a case file; for tests only. */
export type PrivateJwk = Readonly<Record<string, unknown>>

/** The options of a verifier, by the names of the format; values are what the file says. */
export type CaseVerifierOptions = Readonly<Record<string, unknown>>

/** How a token was made, so that it can be made again for another time. */
export interface Template {
  /** Name of a key of the file. */
  readonly key: string
  /** The algorithm of the signature, where it is not the header's. */
  readonly alg?: string
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** The payload is an array with the claims in it, as that of a chain's link. */
  readonly inArray?: boolean
  /** How the parent of a chain's link was made: its token is the header's `pwt`. */
  readonly parent?: Template
}

/** A token too long to be written out. */
export interface TokenBuild {
  readonly build: { readonly start: string; readonly repeat: string; readonly times: number; readonly end: string }
}

/** A question. Members beside `op` depend on it. */
export interface CaseRequest {
  readonly op: string
  readonly authz?: string
  readonly path?: string
  readonly pathIsDecoded?: boolean
  readonly isDirectory?: boolean
  readonly operation?: string
  readonly from?: string
  readonly to?: string
  readonly group?: string
  readonly host?: string
  readonly key?: string
  readonly profile?: string
  readonly lifetime?: number
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The right answer. */
export interface Expectation {
  readonly outcome: Outcome | readonly Outcome[]
  readonly codes?: readonly string[]
  readonly acls?: readonly (readonly [string, string])[]
  readonly normalizedPath?: string
  readonly mode?: string
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly present?: readonly string[]
  readonly absent?: readonly string[]
}

/** One question with its token and answer. */
export interface Step {
  readonly template?: Template
  readonly token?: string | TokenBuild
  readonly request: CaseRequest
  readonly expect: Expectation
  /** The clock of this step, seconds since the epoch; the file's unless given. */
  readonly now?: number
  /** What is published for this step; `undefined` where it is the same as for the case. */
  readonly jwks?: unknown
}

/** One case, its question or questions in `steps`, put in order to one verifier. */
export interface ConformanceCase {
  readonly id: string
  readonly section: string
  readonly title: string
  readonly source: string
  /** What is published instead of the default set; `undefined` where the case does not say. */
  readonly jwks?: unknown
  /** Absent for the operation `sign`. */
  readonly enforcer?: CaseVerifierOptions
  readonly steps: readonly Step[]
}

/** A file of cases, read and checked. */
export interface CaseFile {
  /** Where it came from, for messages. */
  readonly name: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly keys: Readonly<Record<string, PrivateJwk>>
  /** Issuer to the names of the keys it publishes by default. */
  readonly issuers: Readonly<Record<string, readonly string[]>>
  readonly cases: readonly ConformanceCase[]
}
