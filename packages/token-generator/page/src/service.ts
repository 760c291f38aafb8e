import { KeySet, SciTokenError, StaticKeys } from '@scitokens/core'
import { type Decision, Enforcer, type ValidatedToken } from '@scitokens/enforcer'

/** The service that the page plays: whom it trusts, and what it calls itself. */
export interface ServiceOptions {
  /** JWKS documents by issuer. */
  readonly keys: Readonly<Record<string, unknown>>
  readonly clock?: () => number
}

/** What the service says about a token by itself, whomever it is meant for. */
export type Verdict =
  | { readonly acceptable: true; readonly token: ValidatedToken }
  | { readonly acceptable: false; readonly error: SciTokenError }

/** What is asked of a token. */
export interface Question {
  readonly issuer: string
  readonly audience: string
  readonly authz: string
  readonly path: string
}

/** Verifies and decides in this page, with the same code as a service would. */
export class Service {
  readonly #clock: (() => number) | undefined
  #documents: Readonly<Record<string, unknown>>
  #anyAudience: Enforcer
  #asked: { readonly key: string; readonly enforcer: Enforcer } | undefined

  constructor({ keys, clock }: ServiceOptions) {
    this.#clock = clock
    this.#documents = keys
    this.#anyAudience = this.#enforcer(keys, Object.keys(keys))
  }

  get issuers(): readonly string[] {
    return Object.keys(this.#documents)
  }

  /** Trusts another issuer from now on. Throws `config_error` for a document that is no key set, or holds no usable key. */
  async learn(issuer: string, jwks: unknown): Promise<void> {
    const { keys, dropped } = await KeySet.fromJwks(jwks)
    if (keys.length === 0)
      throw new Error(dropped[0] ? `no key of it can be used: ${dropped[0].why}` : 'it has no keys')
    const documents = { ...this.#documents, [issuer]: jwks }
    this.#anyAudience = this.#enforcer(documents, Object.keys(documents))
    this.#documents = documents
    this.#asked = undefined
  }

  /** Whether the token is authentic and its claims hold now. */
  async judge(token: string): Promise<Verdict> {
    try {
      return { acceptable: true, token: await this.#anyAudience.validate(token) }
    } catch (error) {
      if (!(error instanceof SciTokenError)) throw error
      return { acceptable: false, error }
    }
  }

  /** Whether it allows this. Throws `config_error` for a service that cannot be, such as one without a name. */
  async decide(token: string, { issuer, audience, authz, path }: Question): Promise<Decision<ValidatedToken>> {
    const key = JSON.stringify([issuer, audience])
    if (this.#asked?.key !== key) {
      this.#asked = { key, enforcer: this.#enforcer(this.#documents, [issuer], audience) }
    }
    return this.#asked.enforcer.decide(token, { authz, ...(path === '' ? {} : { path }) })
  }

  #enforcer(documents: Readonly<Record<string, unknown>>, issuers: readonly string[], audience?: string): Enforcer {
    return new Enforcer({
      issuers,
      // One token is looked at, whoever made it.
      sharedBasePaths: ['/'],
      keys: new StaticKeys(documents),
      chains: true,
      dangerouslyAllowLoopbackHttp: true,
      ...(audience === undefined ? { audienceCheck: 'none' } : { audience }),
      ...(this.#clock && { clock: this.#clock }),
    })
  }
}
