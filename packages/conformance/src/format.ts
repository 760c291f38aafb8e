/** The word in a file's `format` member that this runner reads. */
export const CASE_FORMAT = 'scitokens-conformance/1'

/** What came of a question, as the format names it. */
export type Outcome = 'allow' | 'deny' | 'invalid' | 'error'

/** All outcomes that a question can have. */
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
  /** The protected header. */
  readonly header: Readonly<Record<string, unknown>>
  /** The claims. A member `{ "$now": n }` stands for the time `n` seconds after the clock. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The payload is an array with the claims in it, as that of a chain's link. */
  readonly inArray?: boolean
  /** How the parent of a chain's link was made: its token is the header's `pwt`. */
  readonly parent?: Template
}

/** A token too long to be written out. */
export interface TokenBuild {
  /** The token is `start`, then `repeat` as often as `times` says, then `end`. */
  readonly build: { readonly start: string; readonly repeat: string; readonly times: number; readonly end: string }
}

/** A question of a case. Which members it has depends on `op`. */
export interface CaseRequest {
  /** Which question it is: one of {@link OPERATIONS}. */
  readonly op: string
  /** Of `test`: the authorization that is asked about. */
  readonly authz?: string
  /** Of `test` and `operation`: the path of the request. */
  readonly path?: string
  /** Whether the path has been percent-decoded. Default: false. */
  readonly pathIsDecoded?: boolean
  /** Whether the path is that of a directory, whatever its spelling. Default: false. */
  readonly isDirectory?: boolean
  /** Of `operation`: the storage operation. */
  readonly operation?: string
  /** Of `operation`: the path that is renamed, in place of `path`. */
  readonly from?: string
  /** Of `operation`: the new name of what is renamed. */
  readonly to?: string
  /** Of `group`: the group that is asked about. */
  readonly group?: string
  /** Of `host`: the host that is asked about. */
  readonly host?: string
  /** Of `sign`: name of the key in the file. */
  readonly key?: string
  /** Of `sign`: the profile of the token. */
  readonly profile?: string
  /** Of `sign`: how long the token lives, in seconds. */
  readonly lifetime?: number
  /** Of `sign`: the claims of the token. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The right answer to a question. Members beside `outcome` are compared where they are given. */
export interface Expectation {
  /** The right outcome, or several of which any one will do. */
  readonly outcome: Outcome | readonly Outcome[]
  /** Codes of which a refusal should have one. They are advice: only a strict run compares them. */
  readonly codes?: readonly string[]
  /** Of `acls`: what the token grants, in order. */
  readonly acls?: readonly (readonly [string, string])[]
  /** Of `test`: the path that was judged, in its normal form. */
  readonly normalizedPath?: string
  /** Of `mode`: `capability` or `groups`. */
  readonly mode?: string
  /** Of `sign`: members that the header must have. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Of `sign`: claims that the token must have, with these values. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Of `sign`: claims that must be there, whatever their value. */
  readonly present?: readonly string[]
  /** Of `sign`: claims that must not be there. */
  readonly absent?: readonly string[]
}

/** One question with its token and answer. */
export interface Step {
  /** How the token was made, where it can be made again. */
  readonly template?: Template
  /** The token; absent for the operation `sign`. */
  readonly token?: string | TokenBuild
  /** What is asked. */
  readonly request: CaseRequest
  /** The right answer to a question. Members beside `outcome` are compared where they are given. */
  readonly expect: Expectation
  /** The clock of this step, seconds since the epoch; the file's unless given. */
  readonly now?: number
  /** What is published for this step; `undefined` where it is the same as for the case. */
  readonly jwks?: unknown
}

/** One case, its question or questions in `steps`, put in order to one verifier. */
export interface ConformanceCase {
  /** Its name, unique in all files: `paths/12`. */
  readonly id: string
  /** The group of rules that it belongs to. */
  readonly section: string
  /** The rule that it shows, as one sentence. */
  readonly title: string
  /** Where the rule stands: a document and its section. */
  readonly source: string
  /** What is published instead of the default set; `undefined` where the case does not say. */
  readonly jwks?: unknown
  /** Absent for the operation `sign`. */
  readonly enforcer?: CaseVerifierOptions
  /** The questions, in order. */
  readonly steps: readonly Step[]
}

/** A file of cases, read and checked. */
export interface CaseFile {
  /** Where it came from, for messages. */
  readonly name: string
  /** The clock of the cases, in seconds since the epoch. */
  readonly now: number
  /** Private keys by name, for tests only. */
  readonly keys: Readonly<Record<string, PrivateJwk>>
  /** Issuer to the names of the keys it publishes by default. */
  readonly issuers: Readonly<Record<string, readonly string[]>>
  /** All cases, in the order of the file. */
  readonly cases: readonly ConformanceCase[]
}
