import { SciTokenError, StaticKeys } from '@scitokens/core'
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
  readonly #options: ServiceOptions
  readonly #keys: StaticKeys
  readonly #anyAudience: Enforcer
  #asked: { readonly key: string; readonly enforcer: Enforcer } | undefined

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#keys = new StaticKeys(options.keys)
    this.#anyAudience = this.#enforcer(this.issuers, undefined)
  }

  get issuers(): readonly string[] {
    return Object.keys(this.#options.keys)
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
  async decide(token: string, { issuer, audience, authz, path }: Question): Promise<Decision> {
    const key = JSON.stringify([issuer, audience])
    if (this.#asked?.key !== key) this.#asked = { key, enforcer: this.#enforcer([issuer], audience) }
    return this.#asked.enforcer.authorize(token, { authz, ...(path === '' ? {} : { path }) })
  }

  #enforcer(issuers: readonly string[], audience: string | undefined): Enforcer {
    const { clock } = this.#options
    return new Enforcer({
      issuers,
      keys: this.#keys,
      chains: true,
      dangerouslyAllowLoopbackHttp: true,
      ...(audience === undefined ? { audienceCheck: 'none' } : { audience }),
      ...(clock && { clock }),
    })
  }
}
