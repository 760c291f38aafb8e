import type { JsonObject, JsonValue } from '@scitokens/core'
import type { HeaderSource } from '@scitokens/enforcer/http'
import type { Parameters } from '../http/parameters.ts'
import type { Html } from './html.ts'

/** A person who logged in. */
export interface Person {
  /** Becomes the `sub` of tokens, and `{sub}` of templates. */
  readonly subject: string
  /** For greeting. */
  readonly name?: string
  /** Groups by the WLCG grammar, such as `/vo/group`. */
  readonly groups?: readonly string[]
  /** When the upstream saw a proof of it, in seconds since the epoch. Default: now. */
  readonly authTime?: number
  /** Whatever else the upstream says; available to policy as `claim`. */
  readonly claims?: Readonly<Record<string, JsonValue>>
}

/** A request to the login page, or the return from elsewhere. */
export interface LoginRequest {
  /** `POST` for a form that was sent. */
  readonly method: 'GET' | 'POST'
  /** Whole address of this request, as the issuer knows itself. */
  readonly url: URL
  /** Of the query or the form. */
  readonly parameters: Parameters
  /** All header fields as they came: of two with one name both are there, where Node's `headers` joins them or drops one. */
  readonly headers: HeaderSource
  /** Both ends of the connection. */
  readonly remoteAddress: string
  /** The address of this server at which the connection ends. */
  readonly localAddress: string
  /** Whether this server listens on a Unix socket: then whoever can open its directory came, and addresses say nothing. */
  readonly overUnixSocket: boolean
  /** Where the login page is; forms and redirects come back here. */
  readonly loginUrl: string
  /** The application wants the person to prove it anew, whatever the upstream remembers. OpenID Connect Core section 3.1.2.1. */
  readonly again: boolean
  /** What the last step wanted remembered; kept encrypted with the browser. */
  readonly remembered: JsonObject | undefined
}

/** How a login goes on. */
export type LoginStep =
  | { readonly person: Person }
  /** Elsewhere, with something to remember (state, nonce, code verifier). */
  | { readonly redirect: string; readonly remember: JsonObject }
  /** A form of its own; its fields are posted back to the login page. */
  | { readonly title: string; readonly form: Html; readonly status?: number }

/**
 * How people log in. The issuer has no passwords of its own (DESIGN decision 10): an upstream says who somebody is, the issuer
 * keeps the session.
 */
export interface Upstream {
  /** What the audit and messages call it. */
  readonly name: string
  /** Checked when the issuer starts. Throws `config_error`. */
  checkIssuer?(issuer: string): void
  /** What an operator should know about the way it is set up, a sentence each; told by `issuer check` and in the log. */
  readonly remarks?: readonly string[]
  /** One step of a login: who the person is, where to go, or which form to show. Throws `undecided` where that cannot be found out. */
  step(request: LoginRequest): Promise<LoginStep>
}
