import type { Clock } from '@scitokens/core'
import { BoundedMap } from '@scitokens/core/internal'

interface Pace {
  readonly last: number
  readonly interval: number
}

const MAX_DEVICES = 10_000
/** RFC 8628 section 3.5: `slow_down` adds five seconds to the interval. */
const PENALTY_SECONDS = 5
/** Clients count from the end of a reply, we from the middle; half a second is no impatience. */
const TOLERANCE_SECONDS = 0.5

/** How often devices ask. Kept in memory: it is a matter of manners, and a restart forgives. */
export class PollPace {
  readonly #paces = new BoundedMap<string, Pace>({ maxEntries: MAX_DEVICES })
  readonly #interval: number
  readonly #clock: Clock

  constructor(intervalSeconds: number, clock: Clock) {
    this.#interval = intervalSeconds
    this.#clock = clock
  }

  /** Whether this question came too soon after the last; the interval then grows. */
  tooSoon(deviceId: string): boolean {
    const now = this.#clock()
    const pace = this.#paces.get(deviceId)
    const tooSoon = pace !== undefined && now < pace.last + pace.interval - TOLERANCE_SECONDS
    this.#paces.set(deviceId, {
      last: now,
      interval: (pace?.interval ?? this.#interval) + (tooSoon ? PENALTY_SECONDS : 0),
    })
    return tooSoon
  }
}
