import type { JsonObject, ProfileName, RequestPathOptions, Scope } from '@scitokens/core'
import type { ValidatedToken } from '../../decision/validated-token.ts'

/** Who is asking, for an app's handlers: `req.auth`. */
export interface Auth {
  /** The token as it came. Not enumerable: it appears in no JSON and no log of this object. */
  readonly token: string
  /** The protected header of the token. */
  readonly header: JsonObject
  /** All claims of the token. */
  readonly claims: JsonObject
  /** Who issued the token: `iss`. */
  readonly issuer: string
  /** Whom the token speaks for: `sub`. */
  readonly subject: string | undefined
  /** Which rules the token follows. */
  readonly profile: ProfileName
  /** What it grants, in the server's namespace. */
  readonly scopes: readonly Scope[]
  /** Of this issuer; they mean nothing without it. */
  readonly groups: readonly string[]
  /** When the token expires. */
  readonly expiresAt: Date
  /** The local account of the site's mapping, if there is one. */
  readonly user: string | undefined
  /** Whether the token allows this now. False as well once it has expired, and for a path that makes no sense. */
  can(authz: string, path?: string, options?: RequestPathOptions): boolean
}

/**
 * Makes an {@link Auth} from a token that was judged.
 *
 * @param token - as it came with the request.
 * @param user - the local account, where it is known already. Default: what the site's mapping says.
 */
export function createAuth(token: string, validated: ValidatedToken, user?: string): Auth {
  return new TokenAuth(token, validated, user)
}

/** The token behind an {@link Auth} that `createAuth` made; undefined for anything else, however alike. */
export function validatedOf(auth: Auth | undefined): ValidatedToken | undefined {
  return TokenAuth.validatedOf(auth)
}

/** One is made for each request: everything but the references is read when it is asked for. */
class TokenAuth implements Auth {
  readonly #token: string
  readonly #validated: ValidatedToken
  readonly #user: string | undefined

  constructor(token: string, validated: ValidatedToken, user: string | undefined) {
    this.#token = token
    this.#validated = validated
    this.#user = user
  }

  static validatedOf(auth: Auth | undefined): ValidatedToken | undefined {
    return auth !== undefined && #validated in auth ? auth.#validated : undefined
  }

  get token(): string {
    return this.#token
  }

  get header(): JsonObject {
    return this.#validated.header
  }

  get claims(): JsonObject {
    return this.#validated.claims
  }

  get issuer(): string {
    return this.#validated.issuer
  }

  get subject(): string | undefined {
    return this.#validated.subject
  }

  get profile(): ProfileName {
    return this.#validated.profile
  }

  get scopes(): readonly Scope[] {
    return this.#validated.scopes
  }

  get groups(): readonly string[] {
    return this.#validated.groups
  }

  get expiresAt(): Date {
    return new Date(this.#validated.expiresAt * 1000)
  }

  get user(): string | undefined {
    return this.#user ?? this.#validated.userFor(undefined)
  }

  can(authz: string, path?: string, options?: RequestPathOptions): boolean {
    // The path of a request is never to be resolved behind the app's back.
    return this.#validated.can(authz, path, { rejectDotSegments: true, ...options })
  }

  /** Everything but the token. */
  toJSON(): object {
    const { header, claims, issuer, subject, profile, scopes, groups, expiresAt, user } = this
    return { header, claims, issuer, subject, profile, scopes, groups, expiresAt, user }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }
}
