import type { CaseRequest, CaseVerifierOptions, Expectation, Outcome } from '../src/index.ts'

/** The issuer, its namesake's rival, and the server of all cases. */
export const ISSUER = 'https://demo.example.org'
export const OTHER_ISSUER = 'https://other.example.org'
export const SERVER = 'https://a.example'

/** A claim that is left out. */
export const ABSENT: unique symbol = Symbol('absent')

/** Kinds of token that cases start from. */
export type Kind = '2.0' | '1.0' | 'wlcg' | 'at+jwt' | 'link'

/** How one token differs from an ordinary one of its kind. */
export interface TokenDefinition {
  /** Default: 2.0. */
  readonly kind?: Kind
  /** Name of the test key. Default: `ec`; with `text` or `mangle` `rsa`, whose signatures are the same at each run. */
  readonly key?: string
  /** Algorithm of the signature where the header names another. */
  readonly alg?: string
  /** Header members in place of the ordinary ones; {@link ABSENT} leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Claims in place of the ordinary ones; {@link ABSENT} leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The payload is an array with the claims in it. Default: that of a link is. */
  readonly inArray?: boolean
  /** Of a link: its parent. Default: none, it is a base. */
  readonly parent?: TokenDefinition
  /** Of a link: name of the test key that signs its children. Default: none, it is a leaf. */
  readonly cwk?: string
  /** What is signed in place of the JSON of header and claims; such a token has no template. */
  readonly text?: { readonly header?: string | Uint8Array; readonly payload?: string | Uint8Array }
  /** What becomes of the finished token; such a token has no template. */
  readonly mangle?: (token: string) => string
  /** A token that is not signed at all. */
  readonly token?: string
}

/** One question of a case with several. */
export interface StepDefinition extends TokenDefinition {
  readonly now?: number
  readonly jwks?: unknown
  readonly request?: CaseRequest
  readonly expect: Expectation
}

/** One case in a form for people: what it is about, and how it differs from an ordinary one. */
export interface CaseDefinition extends TokenDefinition {
  /** Without the section. */
  readonly id: string
  readonly title: string
  readonly source: string
  readonly jwks?: unknown
  /** Options in place of the ordinary ones; {@link ABSENT} leaves one out. */
  readonly enforcer?: CaseVerifierOptions
  /** Default: may it read `/foo` (WLCG: `storage.read`)? */
  readonly request?: CaseRequest
  readonly expect?: Expectation
  readonly steps?: readonly StepDefinition[]
}

const expectation = (outcome: Outcome | readonly Outcome[], codes: readonly string[], more: object): Expectation => ({
  outcome,
  ...(codes.length === 0 ? {} : { codes }),
  ...more,
})

export const allow = (more: Omit<Expectation, 'outcome'> = {}): Expectation => expectation('allow', [], more)
export const deny = (...codes: string[]): Expectation =>
  expectation('deny', codes.length === 0 ? ['scope_denied'] : codes, {})
export const invalid = (...codes: string[]): Expectation => expectation('invalid', codes, {})
export const error = (...codes: string[]): Expectation =>
  expectation('error', codes.length === 0 ? ['invalid_request'] : codes, {})
/** A request that is refused: as one that makes no sense, or as one that the token does not cover. */
export const refusedRequest = (): Expectation => expectation(['deny', 'error'], ['invalid_request', 'scope_denied'], {})
/** Any of these will do. */
export const oneOf = (outcomes: readonly Outcome[], ...codes: string[]): Expectation => expectation(outcomes, codes, {})

export const test = (authz: string, path?: string, more: Partial<CaseRequest> = {}): CaseRequest => ({
  op: 'test',
  authz,
  ...(path === undefined ? {} : { path }),
  ...more,
})
export const read = (path: string, more: Partial<CaseRequest> = {}): CaseRequest => test('read', path, more)
/** The same path, decoded already. */
export const readDecoded = (path: string): CaseRequest => read(path, { pathIsDecoded: true })
export const ACLS: CaseRequest = { op: 'acls' }
export const VERIFY: CaseRequest = { op: 'verify' }

/** Seconds from the moment at which the token is made. */
export const now = (seconds: number): unknown => ({ $now: seconds })

/** JSON text of ordinary claims, for cases about their spelling; `more` is put in front of the closing brace. */
export function claimsText(more = '', scope = '"read:/foo"'): string {
  return `{"iss":"${ISSUER}","sub":"s","aud":"${SERVER}","iat":1789999995,"nbf":1789999995,"exp":1790000600,"ver":"scitoken:2.0","scope":${scope}${more}}`
}

/** JSON text of an ordinary RS256 header. */
export const headerText = (more = ''): string => `{"alg":"RS256","typ":"JWT","kid":"rsa"${more}}`

/** What several kinds of "this cannot be a key" are called. */
export const UNUSABLE_KEY: readonly string[] = ['key_not_found', 'unsupported_key', 'bad_signature', 'unsupported_alg']
