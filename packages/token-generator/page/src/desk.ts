import type { Sample } from '../../src/tokens/samples.ts'
import type { Decision, ValidatedToken } from '@scitokens/enforcer'
import type { JsonObject, ProfileName } from '@scitokens/core'
import type { Parts } from './read-parts.ts'
import type { Question, Service, Verdict } from './service.ts'
import type { TokenSource } from './signing.ts'

/** What the server says of itself. */
export interface Settings {
  readonly issuer: string
  readonly lifetime: number
  readonly maxLifetime: number
  readonly trustedIssuers: readonly string[]
}

/** Everything that the page shows. */
export interface Shown {
  readonly token: string
  readonly parts: Parts
  readonly profile: ProfileName
  readonly algorithm: 'ES256' | 'RS256'
  readonly signer: 'server' | 'page'
  readonly question: Question
  readonly verdict: Verdict
  readonly decision: Decision<ValidatedToken>
  /** Seconds since the epoch. */
  readonly now: number
}

/** What the parts of the page share: what lies on the desk, and how to put something else there. */
export interface Desk {
  readonly settings: Settings
  readonly service: Service
  readonly clock: () => number
  shown(): Shown
  source(): TokenSource
  /** Puts a token on the desk, and a question beside it. */
  lay(token: string, question?: Partial<Question>): void
  ask(question: Partial<Question>): void
  /** For the next token that is signed. */
  choose(choice: Partial<Pick<Shown, 'profile' | 'algorithm' | 'signer'>>): void
  /** Signs claims and puts the token on the desk; a problem is told. */
  sign(claims: JsonObject): Promise<void>
  /** Makes a sample anew. Rejects where that cannot be done. */
  makeSample(sample: Sample): Promise<string>
  meaningOf(code: string): readonly [meaning: string, remedy: string] | undefined
}

/** A part of the page. */
export interface View {
  /** Brings it up to date; called whenever something changes, and every second. */
  render(shown: Shown): void
}
