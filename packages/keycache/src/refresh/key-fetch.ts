import type { KeySet } from '@scitokens/core'
import { deadline } from '@scitokens/core/internal'
import { discoverJwksUri } from './discovery.ts'
import type { IssuerEntry } from './issuer-entry.ts'
import { fetchJwks } from './jwks.ts'
import type { RefreshSettings } from './settings.ts'
import { agesFrom } from '../record/policy.ts'
import type { KeyRecord } from '../record/record.ts'

/**
 * Asks an issuer for its keys: metadata, then key set, within one deadline. Changes nothing.
 *
 * Throws `issuer_unavailable` or `discovery_failed`; `aborted` when the cache is closed.
 *
 * @param attempt - number of this attempt, for the record.
 * @param closed - ends everything.
 */
export async function fetchKeys(
  entry: IssuerEntry,
  attempt: number,
  settings: RefreshSettings,
  closed: AbortSignal,
): Promise<{ readonly record: KeyRecord; readonly keySet: KeySet }> {
  const { issuer, record: known } = entry
  const { get, maxRedirects, redirectOrigins, dangerouslyAllowLoopbackHttp, policy } = settings
  const now = settings.clock()
  const limit = deadline(settings.timeoutMs, closed)
  try {
    const limits = { signal: limit.signal, maxRedirects, redirectOrigins, dangerouslyAllowLoopbackHttp }
    const exchange = { issuer, get, ...limits, now }
    const jwksUri = await discoverJwksUri(exchange, settings.tolerateTrailingSlash)
    const { document, etag, lastModified, freshness } = await fetchJwks(jwksUri, known, exchange)
    const { jwks, keySet } = await entry.check(document ?? known?.jwks)
    const ages = agesFrom(now, freshness, policy)
    return { record: { issuer, jwks, jwksUri, etag, lastModified, fetchedAt: now, ...ages, attempt }, keySet }
  } finally {
    limit.done()
  }
}
