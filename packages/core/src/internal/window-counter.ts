import { BoundedMap } from './bounded-map.ts'

/** Options of {@link WindowCounter}. */
export interface WindowCounterOptions {
  /** How long a window lasts, in the clock's unit. */
  readonly window: number
  /** Most keys that are counted at a time; who was not seen for longest is forgotten first. */
  readonly maxKeys: number
  /** The time in any unit. One that is set back begins all windows anew, so it keeps nobody waiting. */
  readonly clock: () => number
}

/** What was counted for one key in its window. */
export interface Counted {
  /** How often, the last time included. */
  readonly count: number
  /** Until the window ends, in the clock's unit; 0 where there is none. */
  readonly left: number
}

interface Window {
  readonly begun: number
  readonly length: number
  count: number
}

const NOTHING: Counted = { count: 0, left: 0 }

/**
 * Counts how often something happens for each key: requests from an address, wrong codes in a session, tokens of a person. A key's window
 * begins with what is counted first and ends as a whole, after which everything is forgotten. Whoever uses it decides how much is too much.
 */
export class WindowCounter {
  readonly #windows: BoundedMap<string, Window>
  readonly #length: number
  readonly #clock: () => number

  constructor({ window, maxKeys, clock }: WindowCounterOptions) {
    this.#windows = new BoundedMap({ maxEntries: maxKeys })
    this.#length = window
    this.#clock = clock
  }

  /**
   * Counts one.
   *
   * @param length - of the window, if this begins one. Default: as the options say.
   * @returns the count with this one.
   */
  add(key: string, length: number = this.#length): Counted {
    const now = this.#clock()
    const known = this.#running(key, now)
    const window = known ?? { begun: now, length, count: 0 }
    window.count++
    if (!known) this.#windows.set(key, window)
    return counted(window, now)
  }

  /** What was counted for a key until now. */
  of(key: string): Counted {
    const now = this.#clock()
    const window = this.#running(key, now)
    return window ? counted(window, now) : NOTHING
  }

  /** Forgets a key, as after a success. */
  forget(key: string): void {
    this.#windows.delete(key)
  }

  #running(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key)
    if (!window) return undefined
    // Asked for what ends it: under a clock that tells no number, counting goes on.
    const isOver = now >= window.begun + window.length || now < window.begun
    return isOver ? undefined : window
  }
}

function counted({ begun, length, count }: Window, now: number): Counted {
  return { count, left: begun + length - now }
}
