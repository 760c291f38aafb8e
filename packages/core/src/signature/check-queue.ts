/** The two ways in which a check can be done. */
export interface Ways<Check> {
  /** At once. May throw. */
  now(check: Check): boolean
  /** On another thread. May throw, and then never calls back. */
  elsewhere(check: Check, done: (error: Error | null, valid: boolean) => void): void
}

interface Waiting<Check> {
  readonly check: Check
  readonly resolve: (valid: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * How long the event loop may be kept by checks in one turn, in milliseconds: a few checks. More would leave other cores idle for
 * longer, less would cost whoever asks one after the other a turn for each (`docs/benchmarks.md`, "Enforcer").
 */
const TURN_BUDGET_MS = 0.2
/**
 * What keeps the thread pool at work for as long as a turn takes: answers are taken, and new work is handed over, once in a turn. More
 * would only make others wait who need the pool: files, names, compression.
 */
const MAX_ELSEWHERE = 16

/**
 * Does checks of which each takes about as long as the way to another thread and back. The first of a turn of the event loop are
 * done at once, up to a fifth of a millisecond in all. What comes beyond that waits for the next turns, each of which does as much,
 * and where several wait, the thread pool gets what it can work on: so a burst uses all cores and keeps nobody waiting.
 */
export class CheckQueue<Check> {
  readonly #ways: Ways<Check>
  readonly #clockMs: () => number
  readonly #waiting: Waiting<Check>[] = []
  #first = 0
  #elsewhere = 0
  #spentMs = 0
  #turnIsWatched = false

  /** @param clockMs - milliseconds since whenever. */
  constructor(ways: Ways<Check>, clockMs: () => number = () => performance.now()) {
    this.#ways = ways
    this.#clockMs = clockMs
  }

  /** The outcome, at once where the check could be done at once. */
  run(check: Check): boolean | Promise<boolean> {
    if (this.#first === this.#waiting.length && this.#spentMs < TURN_BUDGET_MS) return this.#now(check)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ check, resolve, reject })
      this.#fillThreadPool()
      this.#watchTurn()
    })
  }

  #now(check: Check): boolean {
    this.#watchTurn()
    const start = this.#clockMs()
    try {
      return this.#ways.now(check)
    } finally {
      this.#spentMs += this.#clockMs() - start
    }
  }

  /** The next turn has a budget of its own. */
  #watchTurn(): void {
    if (this.#turnIsWatched) return
    this.#turnIsWatched = true
    setImmediate(() => this.#nextTurn())
  }

  #nextTurn(): void {
    this.#turnIsWatched = false
    this.#spentMs = 0
    this.#fillThreadPool()
    while (this.#spentMs < TURN_BUDGET_MS) {
      const next = this.#shift()
      if (!next) return
      try {
        next.resolve(this.#now(next.check))
      } catch (error) {
        next.reject(error)
      }
    }
    this.#watchTurn()
  }

  /** The last that waits is left to the next turn, which comes sooner than an answer from elsewhere. */
  #fillThreadPool(): void {
    while (this.#elsewhere < MAX_ELSEWHERE && this.#waiting.length - this.#first > 1) {
      const next = this.#shift()!
      const { check, resolve, reject } = next
      try {
        this.#ways.elsewhere(check, (error, valid) => {
          this.#elsewhere -= 1
          this.#fillThreadPool()
          if (error) reject(error)
          else resolve(valid)
        })
        this.#elsewhere += 1
      } catch (error) {
        reject(error)
      }
    }
  }

  /** In the order in which they came. The list is cut only when it is done with, so that a long one costs no copying. */
  #shift(): Waiting<Check> | undefined {
    const next = this.#waiting[this.#first]
    if (next) this.#first += 1
    if (this.#first === this.#waiting.length) {
      this.#waiting.length = 0
      this.#first = 0
    }
    return next
  }
}
