import { OAuthError } from './oauth-error.ts'

/** Parameters that may come more than once: RFC 8693 section 2.1, RFC 8707 section 2. */
const REPEATABLE: ReadonlySet<string> = new Set(['audience', 'resource'])

/** The parameters of a request. Empty ones count as absent (RFC 6749 section 3.2); unknown ones are never looked at. */
export class Parameters {
  readonly #values = new Map<string, string[]>()

  constructor(pairs: Iterable<readonly [string, string]>) {
    for (const [name, value] of pairs) {
      if (value === '') continue
      const values = this.#values.get(name)
      if (values) values.push(value)
      else this.#values.set(name, [value])
    }
  }

  /** Reads an `application/x-www-form-urlencoded` text, such as a body or a query. */
  static parse(text: string): Parameters {
    return new Parameters(new URLSearchParams(text))
  }

  /** The value of a parameter that may come once. Throws `invalid_request` when it came more often. */
  one(name: string): string | undefined {
    const values = this.#values.get(name)
    if (values !== undefined && values.length > 1) throw duplicate(name)
    return values?.[0]
  }

  /** As {@link one}, for a parameter without which nothing can be done. */
  required(name: string): string {
    const value = this.one(name)
    if (value === undefined) throw new OAuthError('invalid_request', `the parameter ${name} is missing`)
    return value
  }

  /** All values of a parameter, in their order. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** Whether a parameter came with a value. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Refuses a repeated parameter among those that the request's kind knows. RFC 6749 section 3.2. */
  refuseDuplicates(known: readonly string[]): void {
    for (const name of known) {
      if (!REPEATABLE.has(name) && this.all(name).length > 1) throw duplicate(name)
    }
  }
}

function duplicate(name: string): OAuthError {
  return new OAuthError('invalid_request', `the parameter ${name} came more than once`)
}
