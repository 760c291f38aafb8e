import type { AssertionPolicy, ClientCertificate, ExchangePolicy, RefreshPolicy } from './client.ts'
import type { ClientAuthMethod } from './auth-method.ts'
import type { GrantType } from './grant-type.ts'

/** A client as configured. */
export interface ClientOptions {
  /** Its name, in printable ASCII. */
  readonly clientId: string
  /** For people. Default: the id. */
  readonly clientName?: string
  /** At least 16 characters, generated, not invented; several while it is being changed. None: a public client. */
  readonly clientSecret?: string | readonly string[]
  /** JWKS document with the public keys of `private_key_jwt` (RFC 7523 section 2.2). */
  readonly jwks?: unknown
  /** Certificates of mutual TLS (RFC 8705). */
  readonly certificates?: readonly ClientCertificate[]
  /** Default: whatever the credentials above allow. */
  readonly authMethods?: readonly ClientAuthMethod[]
  /** Default: `client_credentials`, or code, device and refresh where `redirectUris` is given or the client is public. */
  readonly grants?: readonly GrantType[]
  /** Exact; of loopback URIs the port is free (RFC 8252 section 7.3). */
  readonly redirectUris?: readonly string[]
  /** Default: true. Public clients always. */
  readonly requirePkce?: boolean
  /** What it may have at most: templates such as `write:/store/user/{sub}`. Default: what the policy's rules say. */
  readonly scopes?: readonly string[]
  /** What it gets without asking. Default: all that it may have. */
  readonly defaultScopes?: readonly string[]
  /** Audiences it may ask for; `*` for any but the words for "every server". Default: none. */
  readonly audiences?: readonly string[]
  /** What it gets without asking. Default: all of `audiences` that name a server. */
  readonly defaultAudience?: string | readonly string[]
  /** `sub` of tokens for itself. Default: the id. */
  readonly subject?: string
  /** Groups of a client that acts for itself. Default: none. */
  readonly groups?: readonly string[]
  /** Of its access tokens in seconds. Default: the issuer's. */
  readonly lifetime?: number
  /** Default: the issuer's. */
  readonly profile?: 'scitoken:2.0' | 'wlcg:1.x'
  /** Default: true; a request's `wlcg` scope then asks for a WLCG token. */
  readonly profileByRequest?: boolean
  /** Default: the issuer's first. */
  readonly algorithm?: 'ES256' | 'RS256'
  /** Default: the issuer's. Refresh tokens of public clients always rotate. */
  readonly refresh?: Partial<RefreshPolicy>
  /** What it may do with tokens of others (RFC 8693). Default: exchange its own, no wider audience, no refresh token. */
  readonly exchange?: Partial<ExchangePolicy>
  /** Whose assertions it may turn into tokens (RFC 7523). Default: nobody's. */
  readonly assertions?: readonly AssertionPolicy[]
  /** May ask for the base of a token chain (`cwk`). Default: false. */
  readonly chains?: boolean
  /** Read `scopes` like `scope`, for legacy clients. Default: false. */
  readonly acceptScopesAlias?: boolean
  /** Do not ask people for consent: the VO's own applications, which need credentials for it. Default: false. */
  readonly skipConsent?: boolean
}
