/** A source of numbers from 0 (inclusive) to 1 (exclusive), as `Math.random` is one. */
export type Random = () => number

/** How long to wait after failures; all in one unit, such as seconds. */
export interface BackOffLimits {
  /** The wait after the first failure. It doubles with each. */
  readonly first: number
  /** The longest wait that is our own choice. */
  readonly longest: number
  /** The longest wait that the other side may ask for. Default: `longest`. */
  readonly longestAsked?: number
}

/**
 * How long to wait after so many failures in a row: doubling, up to a limit, and spread over its upper half so that many who failed together
 * do not return together.
 *
 * @param failures - in a row, 1 after the first.
 * @param asked - what the other side asked for (`Retry-After`); it makes the wait longer, never shorter. Default: nothing.
 * @returns the wait, in the unit of the limits.
 */
export function backOff(
  failures: number,
  limits: BackOffLimits,
  random: Random = Math.random,
  asked: number = 0,
): number {
  const { first, longest, longestAsked = longest } = limits
  // A power of two that is too large for a number is no reason to wait for nothing.
  const doubled = Math.min(longest, first * 2 ** Math.min(Math.max(failures - 1, 0), 60))
  return Math.max(doubled * (0.5 + random() / 2), Math.min(asked, longestAsked))
}

/**
 * Whether a wait still lasts. One that is longer than any wait may be was made by a clock that has been set back since, and does not count.
 *
 * @param until - when it ends, by the clock.
 * @param now - by the same clock.
 * @param longest - the longest wait that there is.
 */
export function isWaiting(until: number, now: number, longest: number): boolean {
  return now < until && until - now <= longest
}
