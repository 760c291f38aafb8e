import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'

interface Window {
  count: number
  begunMs: number
}

/**
 * Counts for `@fastify/rate-limit` that do not hang on the time of day: a clock that is set back would keep whoever has used up a
 * minute waiting until it is there again.
 *
 * @param entries - most that are counted at a time; the longest unseen are forgotten first.
 * @param nowMs - milliseconds that only ever go forward. Default: `performance.now`.
 */
export function steadyCounts(
  entries: number,
  nowMs: () => number = () => performance.now(),
): FastifyRateLimitStoreCtor {
  return class SteadyCounts implements FastifyRateLimitStore {
    readonly #windows = new Map<string, Window>()

    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      timeWindow: number,
    ): void {
      const now = nowMs()
      const known = this.#windows.get(key)
      const window = known && known.begunMs + timeWindow > now ? known : { count: 0, begunMs: now }
      window.count++
      // Last in order: the longest unseen is always the first.
      if (known) this.#windows.delete(key)
      else if (this.#windows.size >= entries) this.#windows.delete(this.#windows.keys().next().value!)
      this.#windows.set(key, window)
      callback(null, { current: window.count, ttl: window.begunMs + timeWindow - now })
    }

    child(): FastifyRateLimitStore {
      return new SteadyCounts()
    }
  }
}
