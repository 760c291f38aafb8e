/** A source of numbers from 0 (inclusive) to 1 (exclusive), as `Math.random`. */
export type Random = () => number

/** Back-off limits, in seconds. */
const FIRST_DELAY = 5
/** The longest pause that is our own choice, in seconds. */
export const LONGEST_DELAY = 600
const LONGEST_RETRY_AFTER = 3600

/**
 * Seconds to wait after the n-th failure in a row: doubling from 5 s to 10 min, each wait between half and the whole of it.
 * What the issuer asks for (`Retry-After`) is respected up to an hour, and never shortens the wait.
 */
export function backOff(failures: number, retryAfterSeconds: number | undefined, random: Random = Math.random): number {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(failures - 1, 20))
  const own = longest * (0.5 + 0.5 * random())
  return Math.max(own, Math.min(retryAfterSeconds ?? 0, LONGEST_RETRY_AFTER))
}

/** No wait is longer than this; a later time was made by a clock that has been set back since. */
export const LONGEST_WAIT: number = LONGEST_RETRY_AFTER
