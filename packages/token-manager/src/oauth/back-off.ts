import { backOff, type BackOffLimits, type Random } from '@scitokens/core/internal'

/** Pauses after failures, in seconds: from 5 s to 10 min by our own choice; what the issuer asks for is respected up to an hour. */
const LIMITS: BackOffLimits = { first: 5, longest: 600, longestAsked: 3600 }

/** The longest pause that is our own choice, in seconds. */
export const LONGEST_DELAY: number = LIMITS.longest

/** No wait is longer than this; a later time was made by a clock that has been set back since. */
export const LONGEST_WAIT = 3600

/** Seconds for which an issuer is left alone after the n-th failure in a row. */
export function waitAfter(failures: number, retryAfterSeconds: number | undefined, random?: Random): number {
  return backOff(failures, LIMITS, random, retryAfterSeconds)
}
