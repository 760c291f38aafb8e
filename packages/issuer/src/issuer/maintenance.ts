import type { Clock } from '@scitokens/core'
import type { Logger } from '@scitokens/core/internal'
import type { Realm } from '../realm/realm.ts'
import type { Store } from '../store/store.ts'
import { ClockWatch } from './clock-watch.ts'

/** Entries that a step of cleaning removes: with SQLite and a million logins it keeps the process for some milliseconds. */
const SWEEP_LIMIT = 100
const MAX_SWEEPS = 200

/** What {@link Maintenance} looks after, and by which time. */
export interface MaintenanceOptions {
  readonly realms: readonly Realm[]
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  /** Between two rounds, in milliseconds. */
  readonly intervalMs: number
}

/** Looks at the keys and removes expired entries, again and again, as long as the clock can be believed. */
export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #watch: ClockWatch
  readonly #timer: NodeJS.Timeout
  #believed = true
  #running = false

  /** Begins with the first interval; keeps no process alive. */
  constructor(options: MaintenanceOptions) {
    this.#options = options
    this.#watch = new ClockWatch(options.clock)
    this.#timer = setInterval(() => this.#round(), options.intervalMs).unref()
  }

  /** One round, now. Rejects where the store cannot be reached. */
  async run(): Promise<void> {
    const { realms, store } = this.#options
    for (const realm of realms) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: it is background work
      await realm.keys.refresh()
    }
    // In small steps, so that nobody waits for long; what is left is for the next time.
    for (let step = 0; step < MAX_SWEEPS; step++) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      if ((await store.sweep(SWEEP_LIMIT)) < SWEEP_LIMIT) break
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #round(): void {
    // While the database is silent, one attempt waits for it, not one more with every interval.
    if (!this.#believes() || this.#running) return
    this.#running = true
    this.run()
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'maintenance failed, it is tried again'))
      .finally(() => (this.#running = false))
  }

  #believes(): boolean {
    const before = this.#believed
    this.#believed = this.#watch.believes()
    if (before && !this.#believed) {
      this.#options.logger.warn({}, 'the clock has leapt ahead: nothing that expired by it is removed for an hour')
    }
    return this.#believed
  }
}
