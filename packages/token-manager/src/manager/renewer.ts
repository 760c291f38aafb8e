import { SciTokenError } from '@scitokens/core'
import {
  callable,
  inParallel,
  type OptionReaders,
  type Random,
  readOptions,
  sleep,
  whole,
} from '@scitokens/core/internal'
import type { Family } from '../state/family.ts'
import { IssuerCircuit } from './issuer-circuit.ts'
import { LONGEST_WAIT } from '../oauth/back-off.ts'
import type { TokenManager } from './token-manager.ts'
import type { DueToken } from '../state/token-store.ts'

/** What a {@link Renewer} tells. Nothing in it is secret. */
export type RenewerEvent =
  | { readonly type: 'renewed'; readonly owner: string; readonly service: string; readonly handle: string }
  | {
      readonly type: 'failed'
      readonly owner: string
      readonly service: string
      readonly handle: string
      readonly error: SciTokenError
    }
  | { readonly type: 'undelivered'; readonly file: string; readonly error: SciTokenError }

/** Options of {@link Renewer}. */
export interface RenewerOptions {
  /** Requests to issuers at the same time. Default: 64. */
  readonly concurrency?: number
  /** How often the clock is looked at, in milliseconds. Default: 1000. */
  readonly tickMs?: number
  /** Draws numbers from 0 to 1, for jitter. Default: `Math.random`. */
  readonly random?: Random
  /** Called for everything an operator may want to know. Default: nobody is told. */
  readonly onEvent?: (event: RenewerEvent) => void
  /** Called when the login behind a family was renewed, with its new secret. */
  readonly onGrant?: (family: Family) => void | Promise<void>
}

/** How the options of {@link RenewerOptions} are read. */
export const RENEWER_READERS: OptionReaders<RenewerOptions> = {
  concurrency: whole(1, 10_000, 'requests'),
  tickMs: whole(1, 3_600_000, 'milliseconds'),
  random: callable<Random>(),
  onEvent: callable<NonNullable<RenewerOptions['onEvent']>>(),
  onGrant: callable<NonNullable<RenewerOptions['onGrant']>>(),
}

/** Tokens taken up in one pass; the rest waits for the next, so that memory stays flat. */
const BATCH = 500

/**
 * Renews tokens that jobs live on at half of their life, and puts them where the jobs read them. It keeps no plan of its own: each
 * pass asks the store what is due by the wall clock, so that a killed process, a sleeping machine or a clock that jumps makes
 * no difference.
 */
export class Renewer {
  readonly #manager: TokenManager
  readonly #options: RenewerOptions
  readonly #circuit: IssuerCircuit
  #running: Promise<void> | undefined
  #stop = new AbortController()
  /** Of whose writing the job files are known to be complete; undefined when some may be old. */
  #complete: number | undefined

  /** Begins nothing yet. Throws `config_error` for options that make no sense. */
  constructor(manager: TokenManager, options: RenewerOptions = {}) {
    this.#manager = manager
    this.#options = readOptions<RenewerOptions>(options, RENEWER_READERS)
    this.#circuit = new IssuerCircuit(manager.clock, this.#options.random)
  }

  /** Begins to look at the clock. */
  start(): void {
    this.#running ??= this.#loop()
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#running = undefined
    this.#stop = new AbortController()
  }

  /** One pass: everything that is due now. Never throws. */
  async pass(): Promise<void> {
    const { store, clock } = this.#manager
    try {
      await store.work(() => store.families.forgetFutureAttempts(clock() + LONGEST_WAIT))
      await this.#deliverMissed()
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one batch after the other
        const due = await store.work(() => store.tokens.due(clock(), BATCH, this.#circuit.blocked()))
        if (due.length === 0 || this.#stop.signal.aborted) return
        // oxlint-disable-next-line no-await-in-loop -- one batch after the other
        if ((await this.#renewBatch(due)) === 0) return
      }
    } catch (error) {
      // The disk may be full: jobs keep what they have, and the next pass tries again.
      if (!(error instanceof SciTokenError)) throw error
    }
  }

  /**
   * Writes every file that does not hold the newest token, or the newest of one token.
   *
   * @returns whether all of them could be written.
   */
  async deliverAll(tokenId?: number): Promise<boolean> {
    const { store } = this.#manager
    let complete = true
    for (const delivery of await store.work(() => store.deliveries.undelivered(tokenId))) {
      // oxlint-disable-next-line no-await-in-loop -- one token in memory at a time
      const token = await store.work(() => store.tokens.byId(delivery.tokenId))
      if (!token) continue
      try {
        this.#manager.write(delivery, token)
      } catch (error) {
        if (!(error instanceof SciTokenError)) throw error
        complete = false
        this.#options.onEvent?.({ type: 'undelivered', file: delivery.file, error })
      }
    }
    return complete
  }

  /**
   * Writes the files of tokens that were renewed without the renewer, as for a user who asked; and those that a full disk or a kill
   * kept from being written, or whose token another process has renewed. All files are compared only when there may be such ones: at the
   * start, after a failure, and when another process has written.
   */
  async #deliverMissed(): Promise<void> {
    const { store } = this.#manager
    const renewed = store.tokens.takeRenewed()
    const writesOfOthers = await store.work(() => store.writesOfOthers)
    if (this.#complete !== writesOfOthers) this.#complete = (await this.deliverAll()) ? writesOfOthers : undefined
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    else for (const id of renewed) await this.#deliver(id)
  }

  async #deliver(tokenId: number): Promise<void> {
    if (!(await this.deliverAll(tokenId))) this.#complete = undefined
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- a clock ticks one tick after the other
      await this.pass()
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(this.#options.tickMs ?? 1000, signal).catch(() => {})
    }
  }

  /** Answers how many were renewed: none means that asking again at once is of no use. */
  async #renewBatch(due: readonly DueToken[]): Promise<number> {
    let renewed = 0
    await inParallel(this.#options.concurrency ?? 64, due, async (item) => {
      if (this.#stop.signal.aborted || !this.#circuit.enter(item.issuer)) return
      if (await this.#renewOne(item)) renewed += 1
    })
    return renewed
  }

  async #renewOne({ familyId, issuer, wanted }: DueToken): Promise<boolean> {
    const { store } = this.#manager
    const family = await store.work(() => store.families.byId(familyId))
    if (!family) {
      this.#circuit.succeeded(issuer)
      return false
    }
    const { owner, service, handle } = family
    try {
      const token = await this.#manager.renew(family, wanted)
      this.#circuit.succeeded(issuer)
      await this.#deliver(token.id)
      const current = await store.work(() => store.families.byId(familyId))
      if (current && current.secret !== family.secret) await this.#options.onGrant?.(current)
      this.#options.onEvent?.({ type: 'renewed', owner, service, handle })
      return true
    } catch (error) {
      if (!(error instanceof SciTokenError)) throw error
      const away = error.code === 'issuer_unavailable' || error.code === 'discovery_failed'
      if (away) this.#circuit.failed(issuer, error.retryAfterSeconds)
      else this.#circuit.succeeded(issuer)
      // A refusal would be refused again a second later: this one waits like a failure.
      if (!away && error.code !== 'login_required') {
        const nextAttempt = this.#manager.clock() + 300
        await store.work(() => store.families.recordFailure(familyId, family.failures + 1, nextAttempt))
      }
      this.#options.onEvent?.({ type: 'failed', owner, service, handle, error })
      return false
    }
  }
}
