import { ConfigError, type JsonObject, SciTokenError } from '@scitokens/core'
import type { Sample } from '../../src/tokens/samples.ts'
import type { Desk, Settings, Shown, View } from './desk.ts'
import { profileOf } from './profile-of.ts'
import { readParts } from './read-parts.ts'
import type { Question, Service } from './service.ts'
import { SourceError, type TokenSource } from './signing.ts'

/** What a {@link Workbench} is made of. */
export interface WorkbenchOptions {
  readonly settings: Settings
  readonly service: Service
  readonly sources: Readonly<Record<Shown['signer'], TokenSource>>
  /** Who signs at first. */
  readonly signer: Shown['signer']
  readonly clock: () => number
  readonly meanings: Readonly<Record<string, readonly [meaning: string, remedy: string]>>
  /** Tells the reader what went wrong; empty: nothing. */
  readonly tell: (problem: string) => void
}

/** The desk: one token, judged whenever something changes. Of several changes under way the last counts. */
export class Workbench implements Desk {
  readonly settings: Settings
  readonly service: Service
  readonly clock: () => number
  readonly #options: WorkbenchOptions
  #views: readonly View[] = []
  #shown: Shown
  #judging = 0
  #laying = 0

  constructor(options: WorkbenchOptions) {
    const { settings, service, clock, signer, sources } = options
    this.#options = options
    this.settings = settings
    this.service = service
    this.clock = clock
    const { issuer } = sources[signer]
    const question = { issuer, audience: issuer, authz: 'read', path: '/data/john/set1' }
    const nothing = new ConfigError('config_error', 'nothing lies here yet')
    this.#shown = {
      token: '',
      parts: readParts(''),
      profile: 'scitoken:2.0',
      algorithm: 'ES256',
      signer,
      question,
      verdict: { acceptable: false, error: nothing },
      decision: refusal(nothing),
      now: clock(),
    }
  }

  /** Shows what lies here, from now on. */
  connect(views: readonly View[]): void {
    this.#views = views
  }

  shown(): Shown {
    return this.#shown
  }

  source(): TokenSource {
    return this.#options.sources[this.#shown.signer]
  }

  meaningOf(code: string): readonly [meaning: string, remedy: string] | undefined {
    const { meanings } = this.#options
    return Object.hasOwn(meanings, code) ? meanings[code] : undefined
  }

  lay(token: string, question: Partial<Question> = {}): void {
    this.#laying++
    const { header, claims } = readParts(token)
    const profile = claims.value && profileOf(header.value ?? {}, claims.value)
    const alg = header.value?.['alg']
    void this.refresh({
      token,
      question: { ...this.#shown.question, ...question },
      ...(profile && { profile }),
      ...((alg === 'ES256' || alg === 'RS256') && { algorithm: alg }),
    })
  }

  ask(question: Partial<Question>): void {
    void this.refresh({ question: { ...this.#shown.question, ...question } })
  }

  choose(choice: Partial<Pick<Shown, 'profile' | 'algorithm' | 'signer'>>): void {
    this.#shown = { ...this.#shown, ...choice }
    if (choice.signer === undefined) return
    const { issuer } = this.source()
    this.#shown = { ...this.#shown, question: { ...this.#shown.question, issuer, audience: issuer } }
  }

  async sign(claims: JsonObject): Promise<void> {
    const mine = ++this.#laying
    try {
      const token = await this.#issue(claims)
      // Else something was laid down meanwhile, or is about to be.
      if (mine === this.#laying) await this.refresh({ token })
    } catch (error) {
      if (!(error instanceof Error)) throw error
      if (mine === this.#laying) this.#options.tell(error.message)
    }
  }

  /** Judges anew, and shows it. */
  async refresh(change: Partial<Shown> = {}): Promise<void> {
    const mine = ++this.#judging
    const next = { ...this.#shown, ...change, now: this.clock() }
    this.#shown = next
    const [verdict, decision] = await Promise.all([
      this.service.judge(next.token),
      this.service.decide(next.token, next.question).catch((error: unknown) => refusal(error)),
    ])
    if (mine !== this.#judging) return
    this.#shown = { ...next, verdict, decision, parts: readParts(next.token) }
    for (const view of this.#views) view.render(this.#shown)
  }

  async makeSample(sample: Sample): Promise<string> {
    return this.#fromSource((source) => source.sample(sample, this.#shown.algorithm))
  }

  #issue(payload: JsonObject): Promise<string> {
    const { profile, algorithm } = this.#shown
    const { issuer: asked } = this.source()
    return this.#fromSource((source) => {
      // What was meant for the one who cannot be reached would be meant for nobody.
      const meant = source.issuer === asked ? payload : { ...payload, aud: source.issuer }
      return source.issue({ payload: meant, profile, algorithm })
    })
  }

  /** Asks whoever signs; where that is a server that cannot be reached, this page from now on. */
  async #fromSource(work: (source: TokenSource) => Promise<string>): Promise<string> {
    try {
      const token = await work(this.source())
      this.#options.tell('')
      return token
    } catch (error) {
      if (!(error instanceof SourceError) || !error.isUnreachable || this.#shown.signer === 'page') throw error
      this.choose({ signer: 'page' })
      const token = await work(this.source())
      this.#options.tell(`${error.message} From now on a key of this page signs.`)
      return token
    }
  }
}

/** A service that cannot be (one without a name, say) is a mistake in the question. */
function refusal(error: unknown): Shown['decision'] {
  const known = error instanceof SciTokenError ? error : new ConfigError('config_error', String(error))
  const { code, family, message: reason } = known
  const nothing = { missing: [], grantedBy: undefined, normalizedPath: undefined, token: undefined } as const
  return { allowed: false, code, family, reason, ...nothing, issuer: undefined, subject: undefined, error: known }
}
