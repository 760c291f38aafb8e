import { setTimeout as sleep } from 'node:timers/promises'

/** SQLite's primary result code for a database that another connection has locked. https://sqlite.org/rescode.html#busy */
const BUSY = 5

/** Whether a failure of `node:sqlite` means that somebody else holds the database just now. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: number }
  return code === 'ERR_SQLITE_ERROR' && ((errcode ?? 0) & 0xff) === BUSY
}

/** Pauses between two attempts, in milliseconds: the last one is kept to. */
const PAUSES = [1, 2, 5, 10, 20, 50]

interface Waiting {
  /** Tries once; answers whether that was it. */
  readonly attempt: () => boolean
  readonly giveUp: () => void
  /** On `performance.now`'s clock. */
  readonly until: number
}

/**
 * Works on a database that other processes may have locked, without keeping this process meanwhile: SQLite's own waiting
 * (`busy_timeout`) would stop the event loop. Open the database with a timeout of 0 and do each piece of work through here.
 *
 * Works are done in the order of asking. The first attempt is made at once, before {@link run} returns; while the database is locked the
 * foremost work is tried again after growing pauses, and each has its own time.
 */
export class DatabaseTurns {
  readonly #waitMs: number
  readonly #queue: Waiting[] = []

  /** @param waitMs - how long one work may wait for others to let go, in milliseconds. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /**
   * Does a piece of work. Rejects with what it throws; with SQLite's error ({@link isBusy}) when others held the database all the time.
   *
   * @param work - is called again after an attempt that found the database locked; such an attempt must leave nothing behind, as one
   *   statement does, or a transaction that is rolled back.
   */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let busy: unknown
      const attempt = (): boolean => {
        try {
          resolve(work())
        } catch (error) {
          if (isBusy(error)) {
            busy = error
            return false
          }
          reject(error)
        }
        return true
      }
      if (this.#queue.length === 0 && attempt()) return
      this.#queue.push({ attempt, giveUp: () => reject(busy), until: performance.now() + this.#waitMs })
      if (this.#queue.length === 1) void this.#serve()
    })
  }

  async #serve(): Promise<void> {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.#serveOne(first)
      this.#queue.shift()
    }
  }

  async #serveOne({ attempt, giveUp, until }: Waiting): Promise<void> {
    for (let tries = 0; !attempt(); tries++) {
      const left = until - performance.now()
      if (left <= 0) {
        giveUp()
        return
      }
      const pause = PAUSES[Math.min(tries, PAUSES.length - 1)]!
      // Not all together, when several processes wait for one.
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(Math.min(left, pause * (0.5 + Math.random())))
    }
  }
}
