import { SciTokenError, UndecidedError } from '@scitokens/core'
import { given, quote, sleep } from '@scitokens/core/internal'
import { fetchKeys } from './key-fetch.ts'
import type { IssuerEntry } from './issuer-entry.ts'
import type { RefreshSettings } from './settings.ts'
import { ageOf, type LeaseRequest, judgeLease, type Purpose, waitAfter } from '../record/policy.ts'
import type { StoredIssuer, Trouble } from '../record/record.ts'
import type { Lease, OpenStore } from '../record/store.ts'

/** How often to look whether the process that is fetching has come to an end, in milliseconds. */
const POLL_MS = 50

/** Makes attempts at issuers: one at a time per issuer, by leave of the store, and with the outcome written down. */
export class Refresher {
  readonly #settings: RefreshSettings
  readonly #store: OpenStore
  readonly #closed = new AbortController()

  constructor(settings: RefreshSettings, store: OpenStore) {
    this.#settings = settings
    this.#store = store
  }

  /**
   * Joins the attempt under way or begins one, unless age, cooldown or back-off forbid it. Rejects when keys were wanted and
   * could not be had.
   */
  update(entry: IssuerEntry, purpose: Purpose, background = false): Promise<void> {
    entry.flight ??= this.#attempt(entry, purpose, background).finally(() => {
      entry.flight = undefined
    })
    return entry.flight
  }

  /** The failure that is remembered, with its age. */
  remembered({ issuer, state }: IssuerEntry): UndecidedError {
    if (state.trouble) return undecided(state.trouble, issuer, this.#settings.clock(), undefined)
    const message = `another process is still asking the issuer ${quote(issuer)}`
    return new UndecidedError('issuer_unavailable', message, { issuer, reason: 'unavailable', retryAfterSeconds: 1 })
  }

  /** Ends all attempts under way. */
  close(): void {
    this.#closed.abort(new UndecidedError('aborted', 'the key cache was closed'))
  }

  async #attempt(entry: IssuerEntry, purpose: Purpose, background: boolean): Promise<void> {
    const { policy, clock } = this.#settings
    let lease = await this.#lease(entry, { purpose })
    const sound = await entry.adopt(lease.stored, policy)
    // The store calls keys fresh that cannot be used.
    if (!sound && lease.verdict === 'fresh' && ageOf(entry.record, clock()) !== 'fresh') {
      lease = await this.#lease(entry, { purpose, ignoreKeys: true })
    }
    switch (lease.verdict) {
      case 'go':
        return this.#fetch(entry, lease.stored.attempts, background)
      case 'fresh':
        return
      case 'cooldown':
        entry.counters.negative_cache_hits++
        return
      case 'backing_off':
      case 'leased':
        entry.counters.negative_cache_hits++
        throw this.remembered(entry)
    }
  }

  /** Asks the store for leave; while another process is fetching, waits for what it brings. */
  async #lease(entry: IssuerEntry, ask: Pick<LeaseRequest, 'purpose' | 'ignoreKeys'>): Promise<Lease> {
    const { clock, policy, timeoutMs } = this.#settings
    const leaseFor = timeoutMs / 1000 + 1
    // A process that was killed holds its lease to the end.
    const giveUpAt = performance.now() + leaseFor * 1000 + POLL_MS
    for (;;) {
      this.#checkOpen()
      // oxlint-disable-next-line no-await-in-loop -- asked again when the other process is done
      const lease = await this.#store.lease(entry.issuer, { ...ask, now: clock(), leaseFor, policy })
      if (lease.verdict !== 'leased' || performance.now() > giveUpAt) return lease
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await this.#waitForLease(entry, { ...ask, leaseFor, policy }, giveUpAt)
    }
  }

  /** Only reads, so that it is not in the way of the process it waits for. */
  async #waitForLease(entry: IssuerEntry, request: Omit<LeaseRequest, 'now'>, giveUpAt: number): Promise<void> {
    let stored: StoredIssuer | undefined
    do {
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(POLL_MS)
      this.#checkOpen()
      // oxlint-disable-next-line no-await-in-loop -- as above
      stored = await this.#store.read(entry.issuer)
    } while (
      stored &&
      performance.now() < giveUpAt &&
      judgeLease(stored, { ...request, now: this.#settings.clock() }) === 'leased'
    )
  }

  #checkOpen(): void {
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason
  }

  async #fetch(entry: IssuerEntry, attempt: number, background: boolean): Promise<void> {
    const { counters, issuer } = entry
    const started = performance.now()
    const elapsed = (): number => (performance.now() - started) / 1000
    try {
      const before = entry.keySet
      const { record, keySet } = await fetchKeys(entry, attempt, this.#settings, this.#closed.signal)
      if (entry.removed) return
      entry.accept(record, keySet)
      await this.#store.saveKeys(record)
      counters.successful_key_lookups++
      if (background) counters.background_successful_refreshes++
      const changed = before !== keySet
      this.#settings.emit({
        type: 'refreshed',
        issuer,
        keys: keySet.keys.length,
        changed,
        background,
        seconds: elapsed(),
      })
    } catch (cause) {
      if (cause instanceof UndecidedError && cause.code !== 'aborted')
        throw await this.#noteFailure(entry, cause, background, elapsed())
      // The cache was closed, or set up wrongly: not the issuer's fault.
      await this.#store.release(issuer)
      if (cause instanceof SciTokenError) throw cause
      throw new UndecidedError('undecided', `the keys of ${quote(issuer)} could not be had`, { issuer, cause })
    }
  }

  async #noteFailure(
    entry: IssuerEntry,
    cause: UndecidedError,
    background: boolean,
    seconds: number,
  ): Promise<UndecidedError> {
    const { counters, issuer, state } = entry
    const { clock, policy, random, emit } = this.#settings
    const now = clock()
    const failures = (state.trouble?.failures ?? 0) + 1
    const retryAt = now + waitAfter(failures, policy, random, cause.retryAfterSeconds)
    const trouble = { failures, failedAt: now, retryAt, code: cause.code, message: cause.message }
    entry.state = { ...state, trouble }
    if (!entry.removed) await this.#store.saveTrouble(issuer, trouble)

    const keysUsableFor = Math.max(0, (entry.record?.expiresAt ?? 0) - now)
    counters.failed_key_lookups++
    counters.failed_key_lookup_time_s += seconds
    if (keysUsableFor > 0) counters.failed_refreshes++
    if (background) counters.background_failed_refreshes++
    emit({ type: 'refresh_failed', issuer, error: cause, failures, keysUsableFor, background, seconds })
    return undecided(trouble, issuer, now, cause)
  }
}

function undecided(trouble: Trouble, issuer: string, now: number, cause: unknown): UndecidedError {
  const age = Math.round(now - trouble.failedAt)
  return new UndecidedError(trouble.code, age > 0 ? `${trouble.message} (${age} s ago)` : trouble.message, {
    issuer,
    reason: 'unavailable',
    retryAfterSeconds: Math.max(1, Math.ceil(trouble.retryAt - now)),
    ...given({ cause }),
  })
}
