import { quote, readUrl } from '@scitokens/core/internal'
import { checkSecureUrl, type Exchange, getJson, unusable } from './remote.ts'

/** Largest metadata document worth reading, in bytes. */
const MAX_METADATA_BYTES = 256 * 1024

/**
 * Where an issuer's metadata may be, in the order of asking: OpenID Connect Discovery section 4, RFC 8414 section 3.1 with
 * the well-known part inserted before the path, and the same appended to it, which some issuers serve.
 */
export function metadataUrls(issuer: string): string[] {
  const [, origin, path] = /^(https?:\/\/[^/]+)(.*?)\/?$/i.exec(issuer) ?? []
  const oauth = '/.well-known/oauth-authorization-server'
  return [
    ...new Set([
      `${origin}${path}/.well-known/openid-configuration`,
      `${origin}${oauth}${path}`,
      `${origin}${path}${oauth}`,
    ]),
  ]
}

/**
 * Asks an issuer where its keys are. Only a 4xx leads on to the next place: whoever can break one answer must not be able
 * to choose another.
 *
 * @returns the `jwks_uri`.
 */
export async function discoverJwksUri(exchange: Exchange, tolerateTrailingSlash: boolean): Promise<string> {
  const { issuer } = exchange
  const answers: string[] = []
  for (const url of metadataUrls(issuer)) {
    // oxlint-disable-next-line no-await-in-loop -- the next place is asked only when this one has nothing
    const document = await getJson(url, MAX_METADATA_BYTES, exchange)
    if (document.status === 200) return readJwksUri(document.value, exchange, tolerateTrailingSlash)
    answers.push(`${document.status} from ${url}`)
  }
  throw unusable(issuer, `the issuer ${quote(issuer)} publishes no metadata: ${quote(answers.join(', '))}`)
}

function readJwksUri(metadata: unknown, exchange: Exchange, tolerateTrailingSlash: boolean): string {
  const { issuer } = exchange
  const { issuer: published, jwks_uri: uri } = (metadata ?? {}) as { issuer?: unknown; jwks_uri?: unknown }
  const same = tolerateTrailingSlash ? withoutSlash(published) === withoutSlash(issuer) : published === issuer
  // RFC 8414 section 3.3: otherwise one issuer could speak for another.
  if (!same) throw unusable(issuer, `the metadata of ${quote(issuer)} is of another issuer: ${quote(published)}`)
  const url = readUrl(uri)
  if (url === undefined) throw unusable(issuer, `the metadata of ${quote(issuer)} has no jwks_uri that is a URL`)
  if (url.username || url.password) throw unusable(issuer, `the jwks_uri of ${quote(issuer)} names a user`)
  return checkSecureUrl(url, exchange).href
}

function withoutSlash(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\/$/, '') : value
}
