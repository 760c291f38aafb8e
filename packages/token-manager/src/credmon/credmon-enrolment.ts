import { ConfigError, SciToken } from '@scitokens/core'
import { choice, given, listOf, type OptionReaders, quote, readUrl, text } from '@scitokens/core/internal'
import type { TopFile } from './credmon-files.ts'
import type { FamilyName } from '../state/family.ts'
import type { ClientIdentity, Grant, OAuthClient, Wanted } from '../oauth/oauth-client.ts'
import type { Enrolment } from '../manager/token-manager-types.ts'
import { checkWithin } from '../manager/within.ts'

/**
 * How tokens are had for a service whose `.top` brings no client with it: a mere request mark (HTCondor's "local" credentials), or a token
 * of the person that is exchanged for a login of this client (Pelican).
 */
export interface CredmonProvider extends Pick<Enrolment, 'issuer' | 'clientId' | 'clientSecret' | 'kind' | 'secret'> {
  /**
   * What a mark is answered with, where it asks for nothing, and the most that it may ask for. `{username}` stands for the user's name. For
   * a request mark an empty list lets nothing be asked for by name; for a person's token it leaves the choice to the issuer. Default: none.
   */
  readonly scopes?: readonly string[]
  /** Servers that tokens may be for, as `scopes`. Default: none. */
  readonly audience?: readonly string[]
}

/** How a {@link CredmonProvider} is read. */
export const PROVIDER_READERS: OptionReaders<CredmonProvider> = {
  issuer: text,
  clientId: text,
  clientSecret: text,
  kind: choice('refresh_token', 'client_credentials', 'base_token'),
  secret: text,
  scopes: listOf(text, { empty: true }),
  audience: listOf(text, { empty: true }),
}

/** What becomes of a `.top`. */
export interface TakenTop {
  readonly enrolment: Enrolment
  /** What the issuer gave for the person's token, where there was one. */
  readonly grant?: Grant
  /** What `.top` is to hold from now on, where it changes. */
  readonly content?: Readonly<Record<string, unknown>>
}

/**
 * Makes a login of a `.top`. What a user writes there narrows what the operator has configured and never widens it.
 *
 * Throws `config_error` for one that brings too little, or that would have our client's secret sent to another issuer than the one it
 * is for; `scope_denied` for one that asks for more than its provider allows; what the exchange throws.
 */
export async function takeTop(
  top: TopFile,
  provider: CredmonProvider | undefined,
  oauth: OAuthClient,
): Promise<TakenTop> {
  const name = { owner: top.owner, service: top.service, handle: top.handle }
  const wanted = {
    scopes: words(top.content['scopes'] ?? top.content['scope']),
    audience: words(top.content['audience']),
  }
  const refreshToken = top.content['refresh_token']
  if (typeof refreshToken === 'string') {
    const ours = top.meta['client_id'] === undefined ? provider : undefined
    const client = ours ? providerClient(top, ours) : metaClient(top)
    const wish = ours ? personsWish(top, wanted, ours) : wanted
    return { enrolment: { ...name, ...wish, ...client, kind: 'refresh_token', secret: refreshToken } }
  }
  if (!provider) {
    throw new ConfigError(
      'config_error',
      `there is no refresh token, and no provider for the service ${quote(top.service)}`,
    )
  }
  const subjectToken = top.content['access_token'] ?? top.content['subject_token']
  if (typeof subjectToken !== 'string') return { enrolment: localEnrolment(name, wanted, provider) }
  const client = providerClient(top, provider, subjectToken)
  return exchange(subjectToken, { ...name, ...personsWish(top, wanted, provider), ...client }, top, oauth)
}

/** HTCondor's OAuth credmon keeps the client in `.meta`, which the web login has written. */
function metaClient({ name, meta }: TopFile): ClientIdentity {
  const { token_url: tokenEndpoint, client_id: clientId, client_secret: clientSecret } = meta
  // Never from `.top`, which is the user's: the client's secret goes there.
  const url = readUrl(tokenEndpoint)
  if (typeof tokenEndpoint !== 'string' || url === undefined) {
    throw new ConfigError('config_error', `${name}.meta names no token_url`)
  }
  if (typeof clientId !== 'string') throw new ConfigError('config_error', `${name}.meta names no client_id`)
  return {
    issuer: url.origin,
    tokenEndpoint,
    clientId,
    ...(typeof clientSecret === 'string' && clientSecret !== '' ? { clientSecret } : {}),
  }
}

/** The client of a provider, for the provider's issuer alone: a user could bring a token of an issuer of his own. */
function providerClient(
  { name, content }: TopFile,
  { issuer, clientId, clientSecret }: CredmonProvider,
  subjectToken?: string,
): ClientIdentity {
  const said = content['iss'] ?? (subjectToken === undefined ? issuer : issuerOf(subjectToken))
  if (said !== issuer) throw new ConfigError('config_error', `${name}.top is of another issuer than ${quote(issuer)}`)
  return { issuer, clientId, ...given({ clientSecret }) }
}

function issuerOf(token: string): unknown {
  try {
    return SciToken.decode(token).unverifiedClaims['iss']
  } catch {
    return undefined // no token at all, or none that says whose it is
  }
}

/** Pelican: the person's token is exchanged once for a login of our own client. RFC 8693. */
async function exchange(
  subjectToken: string,
  enrolment: FamilyName & Wanted & ClientIdentity,
  top: TopFile,
  oauth: OAuthClient,
): Promise<TakenTop> {
  const grant = await oauth.exchangeForLogin(enrolment, subjectToken, enrolment)
  const { refreshToken } = grant
  const { access_token: _used, subject_token: _alsoUsed, ...rest } = top.content
  const { token_endpoint: tokenEndpoint } = await oauth.metadata.get(enrolment.issuer)
  return {
    enrolment: { ...enrolment, kind: 'refresh_token', ...given({ secret: refreshToken }) },
    grant,
    ...(refreshToken === undefined
      ? {}
      : { content: { ...rest, refresh_token: refreshToken, token_url: tokenEndpoint, iss: enrolment.issuer } }),
  }
}

/** HTCondor's local credmon: nothing but the wish, in the name of the user. The client is ours, so the provider alone says how much it may be. */
function localEnrolment(name: Required<FamilyName>, wanted: Wanted, provider: CredmonProvider): Enrolment {
  const most = templateOf(name, provider)
  checkWithin(wanted, most, `the provider for ${quote(name.service)}`)
  return { ...name, ...provider, ...chosen(wanted, most) }
}

/** What is wanted of a person's own login: the issuer bounds it, and where the provider names scopes or audiences, they do too. */
function personsWish(name: Required<FamilyName>, wanted: Wanted, provider: CredmonProvider): Wanted {
  const { scopes, audience } = templateOf(name, provider)
  const most = {
    scopes: scopes.length > 0 ? scopes : wanted.scopes,
    audience: audience.length > 0 ? audience : wanted.audience,
  }
  checkWithin(wanted, most, `the provider for ${quote(name.service)}`)
  return chosen(wanted, most)
}

function templateOf({ owner }: Required<FamilyName>, { scopes = [], audience = [] }: CredmonProvider): Wanted {
  const username = owner.split('@')[0]!
  return { scopes: scopes.map((scope) => scope.replaceAll('{username}', username)), audience }
}

function chosen(wanted: Wanted, most: Wanted): Wanted {
  return {
    scopes: wanted.scopes.length > 0 ? wanted.scopes : most.scopes,
    audience: wanted.audience.length > 0 ? wanted.audience : most.audience,
  }
}

/** Lists are written with spaces or commas, or as JSON lists. */
function words(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : []
}
