import type { HttpHeaders } from '@scitokens/core/internal'

/**
 * Seconds for which a response says it is fresh, counted from `now`; `undefined` when it says nothing. RFC 9111 section 4.2.
 *
 * `no-store` and `no-cache` mean 0, and so does a value that is no number: an invalid freshness is none (section 4.2.1).
 *
 * @param now - seconds since the epoch, for `Expires` without `Date`.
 */
export function freshnessOf(headers: HttpHeaders, now: number): number | undefined {
  const directives = parseCacheControl(headers['cache-control'])
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  const maxAge = directives.get('max-age')
  if (maxAge !== undefined) return Math.max(0, seconds(maxAge) - seconds(headers['age'] ?? '0'))
  const expires = headers['expires']
  if (expires === undefined) return undefined
  const end = Date.parse(expires) / 1000
  const start = Date.parse(headers['date'] ?? '') / 1000
  return Number.isNaN(end) ? 0 : Math.max(0, end - (Number.isNaN(start) ? now : start))
}

function parseCacheControl(value: string | undefined): Map<string, string> {
  const directives = new Map<string, string>()
  for (const [, name, quoted, plain] of (value ?? '').matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    const key = name!.toLowerCase()
    // The first of two contradicting directives counts. RFC 9111 section 4.2.1.
    if (!directives.has(key)) directives.set(key, quoted ?? plain ?? '')
  }
  return directives
}

function seconds(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : 0
}
