import { quote, readUrl } from '@scitokens/core/internal'
import { checkSecureUrl, type Exchange, getJson, unusable } from './remote.ts'

/** Largest metadata document worth reading, in bytes. */
const MAX_METADATA_BYTES = 256 * 1024

/** Whose order of places is kept: an OpenID provider at an issuer's URL may know less than the authorization server there, or more. */
export type FirstPlace = 'openid' | 'oauth'

/**
 * Where an issuer's metadata may be, in the order of asking: OpenID Connect Discovery section 4, RFC 8414 section 3.1 with
 * the well-known part inserted before the path, and the same appended to it, which some issuers serve.
 *
 * @param first - `oauth` puts RFC 8414 before OpenID, as the grid's own clients for certificates do. Default: `openid`.
 */
export function metadataUrls(issuer: string, first: FirstPlace = 'openid'): string[] {
  const [, origin, path] = /^(https?:\/\/[^/]+)(.*?)\/?$/i.exec(issuer) ?? []
  const openid = `${origin}${path}/.well-known/openid-configuration`
  const oauth = '/.well-known/oauth-authorization-server'
  const inserted = `${origin}${oauth}${path}`
  const appended = `${origin}${path}${oauth}`
  return [...new Set(first === 'openid' ? [openid, inserted, appended] : [inserted, openid, appended])]
}

/** How {@link discoverMetadata} looks. */
export interface DiscoveryOptions {
  /** Accept metadata whose `issuer` differs from the issuer by one trailing slash. Default: false. */
  readonly tolerateTrailingSlash?: boolean
  /** See {@link metadataUrls}. Default: `openid`. */
  readonly first?: FirstPlace
}

/**
 * Asks an issuer for its metadata. Only a 4xx leads on to the next place: whoever can break one answer must not be able to choose another.
 *
 * Throws `issuer_unavailable` or `discovery_failed`, the latter also for metadata of another issuer (RFC 8414 section 3.3).
 */
export async function discoverMetadata(
  exchange: Exchange,
  { tolerateTrailingSlash = false, first }: DiscoveryOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { issuer } = exchange
  const answers: string[] = []
  for (const url of metadataUrls(issuer, first)) {
    // oxlint-disable-next-line no-await-in-loop -- the next place is asked only when this one has nothing
    const document = await getJson(url, MAX_METADATA_BYTES, exchange)
    if (document.status === 200) return checkIssuer(document.value, issuer, tolerateTrailingSlash)
    answers.push(`${document.status} from ${url}`)
  }
  throw unusable(issuer, `the issuer ${quote(issuer)} publishes no metadata: ${quote(answers.join(', '))}`)
}

/** Otherwise one issuer could speak for another. RFC 8414 section 3.3. */
function checkIssuer(
  document: unknown,
  issuer: string,
  tolerateTrailingSlash: boolean,
): Readonly<Record<string, unknown>> {
  const metadata = (document ?? {}) as Readonly<Record<string, unknown>>
  const published = metadata['issuer']
  const same = tolerateTrailingSlash ? withoutSlash(published) === withoutSlash(issuer) : published === issuer
  if (same) return metadata
  throw unusable(issuer, `the metadata of ${quote(issuer)} is of another issuer: ${quote(published)}`)
}

/** Asks an issuer where its keys are: the `jwks_uri` of its metadata. Throws as {@link discoverMetadata}. */
export async function discoverJwksUri(exchange: Exchange, tolerateTrailingSlash: boolean): Promise<string> {
  const { issuer } = exchange
  const url = readUrl((await discoverMetadata(exchange, { tolerateTrailingSlash }))['jwks_uri'])
  if (url === undefined) throw unusable(issuer, `the metadata of ${quote(issuer)} has no jwks_uri that is a URL`)
  if (url.username || url.password) throw unusable(issuer, `the jwks_uri of ${quote(issuer)} names a user`)
  return checkSecureUrl(url, exchange).href
}

function withoutSlash(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\/$/, '') : value
}
