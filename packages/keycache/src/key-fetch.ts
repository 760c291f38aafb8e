import { deadline } from './abort.ts'
import { discoverJwksUri } from './discovery.ts'
import type { IssuerEntry } from './issuer-entry.ts'
import { type CheckedKeys, fetchJwks } from './jwks.ts'
import type { Settings } from './options.ts'
import { agesFrom } from './policy.ts'
import type { KeyRecord } from './record.ts'

/**
 * Asks an issuer for its keys: metadata, then key set, within one deadline. Changes nothing.
 *
 * Throws `issuer_unavailable`, `discovery_failed` or `insecure_url`.
 *
 * @param closed - ends everything when the cache is closed.
 */
export async function fetchKeys(
  entry: IssuerEntry,
  settings: Settings,
  closed: AbortSignal,
): Promise<{ readonly record: KeyRecord; readonly checked: CheckedKeys }> {
  const { issuer } = entry
  const { get, maxRedirects, dangerouslyAllowLoopbackHttp, policy } = settings
  const now = settings.clock()
  const limit = deadline(settings.timeoutMs, closed)
  try {
    const exchange = { issuer, get, signal: limit.signal, maxRedirects, dangerouslyAllowLoopbackHttp, now }
    const jwksUri = await discoverJwksUri(exchange, settings.tolerateTrailingSlash)
    const { document, etag, lastModified, freshness } = await fetchJwks(jwksUri, entry.record, exchange)
    const checked = await entry.check(document ?? entry.record?.jwks)
    const ages = agesFrom(now, freshness, policy)
    return { record: { issuer, jwks: checked.jwks, jwksUri, etag, lastModified, fetchedAt: now, ...ages }, checked }
  } finally {
    limit.done()
  }
}
