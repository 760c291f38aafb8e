/** What is longer means nothing more: 68 years, the largest number of seconds of RFC 9111 section 1.2.2. */
const LONGEST_SECONDS = 2 ** 31

/** How an HTTP date begins, in any of its three forms. RFC 9110 section 5.6.7. */
const DATE_START = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

/**
 * Reads a `Retry-After` of an answer, which is a number of seconds or a date. RFC 9110 section 10.2.3.
 *
 * @param value - the header's value, if there is one.
 * @param now - seconds since the epoch.
 * @returns seconds to wait, 0 for a date that is over; undefined where the header is missing or says nothing.
 */
export function readRetryAfter(value: string | null | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text), LONGEST_SECONDS)
  const date = DATE_START.test(text) ? Date.parse(text) / 1000 : Number.NaN
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_SECONDS)
}

/** A `Retry-After` to send: whole seconds, at least one, since "at once" is no wait. RFC 9110 section 10.2.3. */
export function formatRetryAfter(seconds: number): string {
  return String(Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_SECONDS))
}
