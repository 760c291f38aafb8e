/** Options of an {@link AttemptCounter}. */
export interface AttemptCounterOptions {
  /** Length of a window, in milliseconds. */
  readonly windowMs: number
  /** Most keys that are counted at a time; the longest unseen are forgotten first. */
  readonly keys: number
  /** Milliseconds that only ever go forward. Default: `performance.now`. */
  readonly nowMs?: () => number
}

/** What an {@link AttemptCounter} knows of a key. */
export interface Counted {
  /** Attempts in the window, this one among them. */
  readonly attempts: number
  /** When the window ends, in whole seconds from now; at least 1. */
  readonly endsInSeconds: number
}

interface Window {
  attempts: number
  readonly begunMs: number
}

/**
 * Counts attempts per key. A window begins with a key's first attempt. It does not hang on the time of day: a clock that is set back would
 * keep whoever has used up a minute waiting until it is there again.
 */
export class AttemptCounter {
  readonly #windowMs: number
  readonly #keys: number
  readonly #nowMs: () => number
  readonly #windows = new Map<string, Window>()

  constructor({ windowMs, keys, nowMs = () => performance.now() }: AttemptCounterOptions) {
    this.#windowMs = windowMs
    this.#keys = keys
    this.#nowMs = nowMs
  }

  /** Counts one more attempt. */
  count(key: string): Counted {
    const now = this.#nowMs()
    const known = this.#windows.get(key)
    const window = known && known.begunMs + this.#windowMs > now ? known : { attempts: 0, begunMs: now }
    window.attempts++
    // Last in order: the longest unseen is always the first.
    if (known) this.#windows.delete(key)
    else if (this.#windows.size >= this.#keys) this.#windows.delete(this.#windows.keys().next().value!)
    this.#windows.set(key, window)
    const leftMs = window.begunMs + this.#windowMs - now
    return { attempts: window.attempts, endsInSeconds: Math.max(1, Math.ceil(leftMs / 1000)) }
  }
}
