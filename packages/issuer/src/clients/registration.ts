import { ConfigError, KeySet } from '@scitokens/core'
import { given, isWebUrl, quote } from '@scitokens/core/internal'
import { OAuthError } from '../http/oauth-error.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'
import { AUTH_METHOD_NAMES, AUTH_METHODS } from './auth-method.ts'
import type { GrantFacts, GrantType } from './grant-type.ts'
import type { ClientOptions } from './client-options.ts'
import { checkRedirectUri } from './redirect-uri.ts'

/** Whether and how clients may register themselves. RFC 7591, RFC 7592. */
export interface RegistrationOptions {
  /** Whoever has one of these may register; undefined: everybody may. At least 16 characters each. */
  readonly initialAccessTokens?: readonly string[]
  /** What registered clients may have at most. Default: what the policy's rules give the person who logs in. */
  readonly scopes?: readonly string[]
  /** Audiences that registered clients may ask for. Default: none. */
  readonly audiences?: readonly string[]
  /** What they get without asking. Default: all of `audiences` that name a server. */
  readonly defaultAudience?: string | readonly string[]
  /** Registrations per address and hour. Default: 20. */
  readonly perAddressPerHour?: number
}

/** A registered client as stored. */
export interface RegisteredClient {
  readonly options: ClientOptions
  readonly secretHash: string | undefined
  readonly registrationTokenHash: string
  readonly metadata: ClientMetadata
  readonly createdAt: number
  /** What an operator allowed or changed beyond its registration; ends when the client changes what was looked at. */
  readonly approved?: Omit<Partial<ClientOptions>, 'clientId' | 'clientSecret'>
}

/** Client metadata as registered and told again. RFC 7591 section 2. */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly string[]
  readonly response_types: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly application_type: string
  readonly client_name?: string
  readonly client_uri?: string
  readonly scope?: string
  readonly contacts?: readonly string[]
  readonly jwks?: unknown
}

/** How the ids of clients that registered themselves begin, and no other id or subject. */
export const REGISTERED_PREFIX = 'dyn-'

const REGISTERED_METHODS = AUTH_METHOD_NAMES.flatMap((method) => AUTH_METHODS[method].registeredAs)

/** Reads client metadata; what is unknown is ignored, what cannot be had is replaced. Throws OAuth errors of RFC 7591 section 3.2.2. */
export async function readMetadata(body: unknown, grants: readonly GrantFacts[]): Promise<ClientMetadata> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('the metadata must be a JSON object')
  const asked = body as Record<string, unknown>
  if (asked['jwks_uri'] !== undefined) throw invalid('jwks_uri is not supported: give the keys themselves as jwks')
  const redirectUris = readRedirectUris(asked)
  const method = text(asked, 'token_endpoint_auth_method', 40) ?? 'client_secret_basic'
  if (!REGISTERED_METHODS.includes(method))
    throw invalid(`token_endpoint_auth_method must be one of ${REGISTERED_METHODS.join(', ')}`)
  const scope = text(asked, 'scope', 4096)
  if (scope !== undefined) checkScope(scope)
  const name = text(asked, 'client_name', 100)
  const uri = text(asked, 'client_uri', 500)
  if (uri !== undefined && !isWebUrl(uri)) throw invalid('client_uri is no https URL')
  const contacts = list(asked, 'contacts')
  return {
    redirect_uris: redirectUris,
    grant_types: readGrants(list(asked, 'grant_types'), redirectUris, grants),
    response_types: redirectUris.length > 0 ? ['code'] : [],
    token_endpoint_auth_method: method,
    application_type: text(asked, 'application_type', 20) ?? 'web',
    ...given({ client_name: name, client_uri: uri, scope, contacts }),
    ...(await readJwks(asked, method)),
  }
}

/** What a registered client becomes: public or with credentials, and never more than a person can consent to. */
export function toClientOptions(
  clientId: string,
  metadata: ClientMetadata,
  registration: RegistrationOptions,
): ClientOptions {
  const { token_endpoint_auth_method: method } = metadata
  return {
    clientId,
    clientName: metadata.client_name ?? clientId,
    authMethods: AUTH_METHOD_NAMES.filter((one) => AUTH_METHODS[one].registeredAs.includes(method)),
    ...given({ jwks: metadata.jwks }),
    grants: metadata.grant_types as GrantType[],
    redirectUris: metadata.redirect_uris,
    ...given({
      scopes: registration.scopes,
      audiences: registration.audiences,
      defaultAudience: registration.defaultAudience,
    }),
  }
}

function readRedirectUris(asked: Record<string, unknown>): readonly string[] {
  const uris = list(asked, 'redirect_uris') ?? []
  if (uris.length > 20) throw invalid('more than 20 redirect_uris')
  try {
    return uris.map(checkRedirectUri)
  } catch (error) {
    // oidc-agent registers loopback and private-scheme URIs at once, as "web": both are taken.
    if (error instanceof ConfigError) throw new OAuthError('invalid_redirect_uri', error.message)
    throw error
  }
}

/**
 * Grants with which people log in and consent: all that a client gets that nobody looked at. An operator can give it more
 * ({@link ClientOptions.grants}) by making it a configured client.
 */
function readGrants(
  asked: readonly string[] | undefined,
  redirectUris: readonly string[],
  all: readonly GrantFacts[],
): readonly GrantType[] {
  const wanted = asked ?? ['authorization_code', 'refresh_token']
  const possible = all.filter(({ givenTo }) => givenTo === 'people')
  const usable = possible.filter(
    ({ grantType, shortName, needs }) =>
      (wanted.includes(grantType) || wanted.includes(shortName)) && (!needs.redirectUri || redirectUris.length > 0),
  )
  if (!usable.some(({ needs }) => needs.login)) {
    throw asked === undefined
      ? new OAuthError('invalid_redirect_uri', 'redirect_uris is missing')
      : invalid(`of the grant_types only these can be had: ${possible.map(({ grantType }) => grantType).join(', ')}`)
  }
  return usable.map(({ grantType }) => grantType)
}

async function readJwks(asked: Record<string, unknown>, method: string): Promise<{ jwks?: unknown }> {
  const { jwks } = asked
  if (jwks === undefined) {
    if (method === 'private_key_jwt') throw invalid('private_key_jwt needs jwks')
    return {}
  }
  const keys = await KeySet.fromJwks(jwks, { maxKeys: 20 }).catch(() => undefined)
  if (!keys || keys.keys.length === 0) throw invalid('jwks holds no usable key')
  // Only the public members are kept, whatever was sent.
  return { jwks: { keys: keys.keys.map((key) => ({ ...key.jwk })) } }
}

function checkScope(scope: string): void {
  try {
    parseRequestedScopes(scope)
  } catch (error) {
    if (error instanceof OAuthError) throw invalid(error.message)
    throw error
  }
}

function text(asked: Record<string, unknown>, name: string, maxLength: number): string | undefined {
  const value = asked[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > maxLength)
    throw invalid(`${name} must be a text of at most ${maxLength} characters`)
  return value
}

function list(asked: Record<string, unknown>, name: string): readonly string[] | undefined {
  const value = asked[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw invalid(`${quote(name)} must be a list of texts`)
  return value
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description)
}
