import { type Clock, ConfigError, systemClock } from '@scitokens/core'
import { callable, flag, type OptionReaders, quote, readOptions } from '@scitokens/core/internal'
import {
  allowInsecureRequests,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  clientCredentialsGrantRequest,
  customFetch,
  genericTokenEndpointRequest,
  None,
  processClientCredentialsResponse,
  processGenericTokenEndpointResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  refreshTokenGrantRequest,
  revocationRequest,
  type TokenEndpointResponse,
} from 'oauth4webapi'
import { createFetch, type Fetch } from '@scitokens/host/https'
import { IssuerMetadata } from './issuer-metadata.ts'
import { checkServerStatus, fromOAuthFailure } from './oauth-failure.ts'

/** Who asks: an OAuth client of an issuer. */
export interface ClientIdentity {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** Name of the client at the issuer. */
  readonly clientId: string
  /** Secret of the client. Default: a public client, which has none. */
  readonly clientSecret?: string
  /** Where tokens come from, told by somebody who knows; then the issuer's metadata is not asked for. */
  readonly tokenEndpoint?: string
}

/** What is asked for. Empty lists ask for whatever the issuer gives by default. */
export interface Wanted {
  /** What the token allows; empty leaves it to the issuer. */
  readonly scopes: readonly string[]
  /** Servers that the token is for; empty leaves it to the issuer. */
  readonly audience: readonly string[]
}

/** What an issuer gave. */
export interface Grant {
  /** The access token. */
  readonly accessToken: string
  /** When it was had, in seconds since the epoch by our clock. */
  readonly issuedAt: number
  /** When it expires, in seconds since the epoch by our clock. */
  readonly expiresAt: number
  /** The refresh token that came with it; undefined for none. */
  readonly refreshToken: string | undefined
  /** What was granted; undefined when the issuer does not say. */
  readonly scopes: readonly string[] | undefined
}

/** Options of {@link OAuthClient}. */
export interface OAuthClientOptions {
  /** What sends requests to issuers. Default: one by `createFetch` of `@scitokens/host/https`. */
  readonly fetch?: Fetch
  /** Tells the time, in seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
  /** Speak plain HTTP to this machine, for demonstrations and tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

const READERS: OptionReaders<OAuthClientOptions> = {
  fetch: callable<Fetch>(),
  clock: callable<Clock>(),
  dangerouslyAllowLoopbackHttp: flag,
}

/** Seconds a token is taken to live when the issuer does not say. WLCG profile 1.3, table of lifetimes: the minimum. */
const DEFAULT_LIFETIME = 900
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const REFRESH_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:refresh_token'
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

/** The grants that need no person. Failures are as in `oauth-failure.ts`. */
export class OAuthClient {
  /** What issuers publish of themselves. */
  readonly metadata: IssuerMetadata
  /** Tells the time, in seconds since the epoch. */
  readonly clock: Clock
  readonly #fetch: Fetch
  readonly #options: Record<symbol, unknown>

  /** Contacts nobody yet. Throws `config_error` for options that make no sense. */
  constructor(options: OAuthClientOptions = {}) {
    const { dangerouslyAllowLoopbackHttp: allow = false, ...read } = readOptions<OAuthClientOptions>(options, READERS)
    this.#fetch = read.fetch ?? createFetch({ dangerouslyAllowLoopbackHttp: allow })
    this.clock = read.clock ?? systemClock
    this.metadata = new IssuerMetadata(this.#fetch, this.clock)
    this.#options = { [customFetch]: this.#fetch, [allowInsecureRequests]: allow }
  }

  /** Options for further calls of oauth4webapi with the same transport. */
  get transport(): Record<symbol, unknown> {
    return this.#options
  }

  /** RFC 6749 section 4.4. */
  clientCredentials(identity: ClientIdentity, wanted: Wanted): Promise<Grant> {
    return this.#grant(
      identity,
      (server, client, auth) =>
        clientCredentialsGrantRequest(server, client, auth, wantedParameters(wanted), this.#options),
      processClientCredentialsResponse,
    )
  }

  /** RFC 6749 section 6. A narrower `wanted` leaves the family's own rights as they are. */
  refresh(identity: ClientIdentity, refreshToken: string, wanted: Wanted): Promise<Grant> {
    const options = { additionalParameters: wantedParameters(wanted), ...this.#options }
    return this.#grant(
      identity,
      (server, client, auth) => refreshTokenGrantRequest(server, client, auth, refreshToken, options),
      processRefreshTokenResponse,
      refreshToken,
    )
  }

  /** RFC 8693: a narrower access token for an access token. */
  exchange(identity: ClientIdentity, subjectToken: string, wanted: Wanted): Promise<Grant> {
    return this.#exchange(identity, subjectToken, wanted, ACCESS_TOKEN_TYPE)
  }

  /** RFC 8693: a login of this client for an access token, where the issuer lets it. Without a refresh token, it does not. */
  exchangeForLogin(identity: ClientIdentity, subjectToken: string, { scopes, audience }: Wanted): Promise<Grant> {
    // Issuers that know the scope `offline_access` need not know the type, but the scope alone would ask for nothing.
    if (scopes.length === 0) return this.#exchange(identity, subjectToken, { scopes, audience }, REFRESH_TOKEN_TYPE)
    const wanted = { scopes: [...new Set([...scopes, 'offline_access'])], audience }
    return this.#exchange(identity, subjectToken, wanted, ACCESS_TOKEN_TYPE)
  }

  #exchange(identity: ClientIdentity, subjectToken: string, wanted: Wanted, type: string): Promise<Grant> {
    const parameters = wantedParameters(wanted)
    parameters.set('subject_token', subjectToken)
    parameters.set('subject_token_type', ACCESS_TOKEN_TYPE)
    parameters.set('requested_token_type', type)
    return this.#grant(
      identity,
      (server, client, auth) =>
        genericTokenEndpointRequest(server, client, auth, TOKEN_EXCHANGE, parameters, this.#options),
      processGenericTokenEndpointResponse,
      subjectToken,
    )
  }

  /** RFC 7009. Answers false when the issuer offers no revocation. */
  async revoke(identity: ClientIdentity, token: string): Promise<boolean> {
    const { server, client, auth } = await this.prepare(identity)
    if (server.revocation_endpoint === undefined) return false
    return this.attempt(
      identity.issuer,
      async () => {
        const response = await revocationRequest(server, client, auth, token, this.#options)
        checkServerStatus(identity.issuer, response, this.clock())
        await processRevocationResponse(response)
        return true
      },
      secretsOf(identity, token),
    )
  }

  /** What oauth4webapi wants to know of both sides. */
  async prepare({ issuer, clientId, clientSecret, tokenEndpoint }: ClientIdentity): Promise<Parties> {
    const server =
      tokenEndpoint === undefined ? await this.metadata.get(issuer) : { issuer, token_endpoint: tokenEndpoint }
    if (clientId === '')
      throw new ConfigError('config_error', `no client is configured for the issuer ${quote(issuer)}`, { issuer })
    return {
      server,
      client: { client_id: clientId },
      auth: clientSecret === undefined ? None() : ClientSecretBasic(clientSecret),
    }
  }

  /** Runs a conversation with an issuer, and tells its failures in our terms, without the secrets that were sent. */
  async attempt<T>(issuer: string, work: () => Promise<T>, secrets: readonly string[] = []): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw fromOAuthFailure(issuer, error, secrets)
    }
  }

  /** Reads a successful answer of the token endpoint. */
  readGrant(response: TokenEndpointResponse): Grant {
    const now = this.clock()
    return {
      accessToken: response.access_token,
      issuedAt: now,
      expiresAt: now + (response.expires_in ?? DEFAULT_LIFETIME),
      refreshToken: response.refresh_token,
      scopes: response.scope?.split(' ').filter(Boolean),
    }
  }

  async #grant(
    identity: ClientIdentity,
    send: (server: AuthorizationServer, client: Client, auth: ClientAuth) => Promise<Response>,
    read: (server: AuthorizationServer, client: Client, response: Response) => Promise<TokenEndpointResponse>,
    secret?: string,
  ): Promise<Grant> {
    const { server, client, auth } = await this.prepare(identity)
    return this.attempt(
      identity.issuer,
      async () => {
        const response = await send(server, client, auth)
        checkServerStatus(identity.issuer, response, this.clock())
        return this.readGrant(await read(server, client, await withoutIdToken(response)))
      },
      secretsOf(identity, secret),
    )
  }
}

function secretsOf({ clientSecret }: ClientIdentity, ...more: readonly (string | undefined)[]): readonly string[] {
  return [clientSecret, ...more].filter((secret) => secret !== undefined)
}

// Nobody here reads it, and a clock or an issuer's name that does not fit must not cost a job its access token.
async function withoutIdToken(response: Response): Promise<Response> {
  if (response.status !== 200) return response
  const text = await response.text()
  const { headers } = response
  try {
    const { id_token: _unread, ...document } = JSON.parse(text) as Record<string, unknown>
    return Response.json(document, { headers: { 'content-type': headers.get('content-type') ?? '' } })
  } catch {
    return new Response(text, { headers })
  }
}

/** Both sides of a conversation. */
export interface Parties {
  readonly server: AuthorizationServer
  readonly client: Client
  readonly auth: ClientAuth
}

// `audience` once per name, as RFC 8693 section 2.1 has it and every issuer in the field reads it.
function wantedParameters({ scopes, audience }: Wanted): URLSearchParams {
  const parameters = new URLSearchParams()
  if (scopes.length > 0) parameters.set('scope', scopes.join(' '))
  for (const name of audience) parameters.append('audience', name)
  return parameters
}
