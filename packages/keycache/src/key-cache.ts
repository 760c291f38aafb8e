import {
  type KeyHint,
  type KeySet,
  type KeySource,
  type SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
  type VerificationKey,
} from '@scitokens/core'
import {
  anything,
  checkIssuerIdentifier,
  flag,
  having,
  inParallel,
  type OptionReaders,
  quote,
  readOptions,
  waitFor,
} from '@scitokens/core/internal'
import { type Monitoring, sumCounters } from './record/counters.ts'
import { IssuerEntry } from './refresh/issuer-entry.ts'
import { type KeyCacheOptions, readKeyCacheOptions, readSettings, type Settings } from './options.ts'
import { ageOf, agesFrom, backingOff, judgeLease, type Purpose } from './record/policy.ts'
import { Refresher } from './refresh/refresher.ts'
import { describeStored, type IssuerStatus, type KeyCacheStatus } from './status.ts'
import type { OpenStore } from './record/store.ts'
import { storeFrom } from './store/store-options.ts'

/** Issuers asked at the same time by `updateAll` and `hydrate`. */
const PARALLEL = 8

/** While an issuer is left alone after a failure, how often to look whether another process had more luck, in milliseconds. */
const CHECK_FAILURE_EVERY_MS = 1000

/** While keys are fresh, how often to look whether another process (an operator at a shell, say) changed them, in seconds. */
const LOOK_EVERY = 10

const WAIT_READERS: OptionReaders<{ signal?: AbortSignal }> = {
  signal: having<AbortSignal>('addEventListener', 'an AbortSignal'),
}
const ADD_READERS: OptionReaders<{ jwks?: unknown }> = { jwks: anything }
const UPDATE_READERS: OptionReaders<{ force?: boolean }> = { force: flag }

/** What became of one issuer. */
export interface UpdateResult {
  /** The issuer that was asked. */
  readonly issuer: string
  /** Why its keys could not be had; undefined when they are ready. */
  readonly error: SciTokenError | undefined
}

/**
 * Finds, keeps and renews the public keys of trusted issuers. Hand it to whatever verifies tokens as its `keys`.
 *
 * Keys have three ages: fresh (served without traffic), stale (served at once and refreshed in the background) and expired
 * (fetched, or `UndecidedError`). One attempt per issuer is under way at any time, whatever the number of callers.
 */
export class KeyCache implements KeySource {
  readonly #options: KeyCacheOptions
  readonly #settings: Settings
  readonly #store: OpenStore
  readonly #refresher: Refresher
  readonly #entries = new Map<string, IssuerEntry>()
  readonly #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Opens and contacts nothing yet. Throws `config_error`, or `insecure_url` for an issuer without HTTPS. */
  constructor(given: KeyCacheOptions) {
    const options = readKeyCacheOptions(given)
    this.#options = options
    this.#settings = readSettings(options)
    for (const issuer of options.issuers) this.#trust(issuer)
    this.#store = storeFrom(options, this.#settings)
    this.#refresher = new Refresher(this.#settings, this.#store)
    const { updateEvery } = this.#settings
    if (updateEvery !== undefined) this.#timer = setInterval(() => void this.updateAll(), updateEvery * 1000).unref()
  }

  /**
   * The issuer's key set; without waiting while it is fresh, or stale and refreshed in the background.
   *
   * Throws `untrusted_issuer` before any I/O; `issuer_unavailable`, `discovery_failed` when there are no usable
   * keys and none could be had, or when a `kid` is unknown and the issuer could not be asked; `aborted`.
   */
  getKeySet(issuer: string, hint: KeyHint = { kid: undefined }): KeySet | Promise<KeySet> {
    const entry = this.#entryOf(issuer)
    const { keySet } = entry
    if (keySet !== undefined) {
      const now = this.#settings.clock()
      const age = ageOf(entry.record, now)
      if (age === 'fresh' && (entry.knows(hint.kid) || this.#justAsked(entry, now))) {
        if (Math.abs(now - entry.lookedAt) >= LOOK_EVERY) this.#lookSoon(entry, now)
        return keySet
      }
      if (age === 'stale' && entry.knows(hint.kid) && !this.#settings.waitForStale) return this.#serveStale(entry, now)
    }
    return waitFor(() => this.#obtain(entry, hint.kid), hint.signal, stoppedWaiting)
  }

  /** The key that an issuer names `kid`; without `kid` its only key. Throws as `getKeySet` does, and `key_not_found`. */
  async getKey(
    issuer: string,
    kid: string | undefined,
    options: { signal?: AbortSignal } = {},
  ): Promise<VerificationKey> {
    const { keys } = await this.getKeySet(issuer, { kid, ...readOptions(options, WAIT_READERS) })
    const matching = kid === undefined ? keys : keys.filter((key) => key.kid === kid)
    if (kid === undefined ? matching.length === 1 : matching.length > 0) return matching[0]!
    const why =
      kid === undefined ? `publishes ${keys.length} keys and none was named` : `publishes no key ${quote(kid)}`
    throw new TokenNotAcceptableError('key_not_found', `the issuer ${quote(issuer)} ${why}`, { issuer })
  }

  /** Makes sure that usable keys are there, fetching them only if need be. Throws as `getKeySet` does. */
  async load(issuer: string, options: { signal?: AbortSignal } = {}): Promise<KeySet> {
    return this.getKeySet(issuer, { kid: undefined, ...readOptions(options, WAIT_READERS) })
  }

  /** Asks the issuer now, whatever the age of its keys and whatever failed before. Throws as `getKeySet` does. */
  async refresh(issuer: string, options: { signal?: AbortSignal } = {}): Promise<KeySet> {
    const { signal } = readOptions(options, WAIT_READERS)
    const entry = this.#entryOf(issuer)
    await waitFor(() => this.#refreshNow(entry), signal, stoppedWaiting)
    return entry.keySet!
  }

  /**
   * Trusts one more issuer.
   *
   * @param options - `jwks`: its key set, for an issuer that cannot be reached from here; counts as fetched now.
   */
  async add(issuer: string, options: { jwks?: unknown } = {}): Promise<void> {
    const { jwks: document } = readOptions(options, ADD_READERS)
    const entry = this.#trust(issuer)
    if (document === undefined) return
    const { jwks, keySet } = await entry.check(document)
    const { clock, policy } = this.#settings
    const now = clock()
    const { stored } = await this.#store.lease(issuer, { purpose: 'asked', now, leaseFor: 1, policy })
    const source = { jwksUri: undefined, etag: undefined, lastModified: undefined, fetchedAt: now }
    const record = { issuer, jwks, ...source, ...agesFrom(now, undefined, policy), attempt: stored.attempts }
    entry.accept(record, keySet)
    entry.loaded = true
    await this.#store.saveKeys(record)
  }

  /** No longer trusts an issuer, from the call on, and forgets its keys, also in the file. Tells whether there was anything to forget. */
  async remove(issuer: string): Promise<boolean> {
    const entry = this.#entries.get(issuer)
    if (entry) entry.removed = true
    this.#entries.delete(issuer)
    return (await this.#store.remove(issuer)) || entry !== undefined
  }

  /** Everything the store holds, also of issuers that this process does not trust. */
  async list(): Promise<IssuerStatus[]> {
    const now = this.#settings.clock()
    return (await this.#store.list()).map((stored) => describeStored(stored, now))
  }

  /**
   * Refreshes the keys of all trusted issuers that are due, a few at a time, and tells what became of each. Rejects for wrong options alone.
   *
   * @param options - `force`: also those that are not due.
   */
  async updateAll(options: { force?: boolean } = {}): Promise<UpdateResult[]> {
    const { force } = readOptions(options, UPDATE_READERS)
    return this.#forAll(async (entry) => {
      if (force) return this.#refreshNow(entry)
      await this.#load(entry)
      if (ageOf(entry.record, this.#settings.clock()) !== 'fresh') await this.#refresher.update(entry, 'due', true)
    })
  }

  /** Makes keys of all trusted issuers ready, so that no request has to wait for them. Never rejects. */
  async hydrate(): Promise<UpdateResult[]> {
    return this.#forAll(async (entry) => {
      await this.getKeySet(entry.issuer)
    })
  }

  /** For a health page. No I/O. */
  status(): KeyCacheStatus {
    const now = this.#settings.clock()
    const { location, problem } = this.#store
    const issuers = [...this.#entries.values()].map(({ state }) => describeStored(state, now))
    return { store: { location, problem }, issuers, monitoring: this.monitoring() }
  }

  /** Counters since the start of this process, by the names of scitokens-cpp's monitoring. */
  monitoring(): Monitoring {
    const entries = [...this.#entries.values()]
    const issuers = Object.fromEntries(entries.map(({ issuer, counters }) => [issuer, { ...counters }]))
    return { ...sumCounters(Object.values(issuers)), issuers }
  }

  /** Ends what is under way and closes the file. Callers who wait get `aborted`. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#refresher.close()
    await Promise.allSettled([...this.#entries.values()].flatMap(({ flight }) => flight ?? []))
    await this.#store.close()
  }

  /** As {@link KeyCache.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #trust(issuer: string): IssuerEntry {
    const known = this.#entries.get(issuer)
    if (known) return known
    const entry = new IssuerEntry(checkIssuerIdentifier(issuer, this.#options), this.#settings.keySetOptions)
    this.#entries.set(issuer, entry)
    return entry
  }

  #entryOf(issuer: string): IssuerEntry {
    const entry = this.#entries.get(issuer)
    if (entry) return entry
    throw new TokenNotAcceptableError('untrusted_issuer', `the issuer ${quote(issuer)} is not trusted`, { issuer })
  }

  /** Whether an unknown `kid` is answered from memory: kids are the token's choice and must not choose how often files are read. */
  #justAsked(entry: IssuerEntry, now: number): boolean {
    const cooling =
      judgeLease(entry.state, { purpose: 'unknown_kid', now, leaseFor: 0, policy: this.#settings.policy }) ===
      'cooldown'
    if (cooling) entry.counters.negative_cache_hits++
    return cooling
  }

  /** Behind the caller's back, so that no request waits for a file. */
  #lookSoon(entry: IssuerEntry, now: number): void {
    entry.lookedAt = now
    setImmediate(() => {
      if (!this.#isClosed) void this.#look(entry)
    })
  }

  async #look(entry: IssuerEntry): Promise<void> {
    const isIdle = (): boolean => !entry.removed && entry.flight === undefined
    if (!isIdle()) return
    const stored = await this.#store.read(entry.issuer)
    // What began meanwhile knows better.
    if (!isIdle()) return
    if (stored === undefined) entry.forget()
    else await entry.adopt(stored, this.#settings.policy)
  }

  #serveStale(entry: IssuerEntry, now: number): KeySet {
    const { issuer, counters, state } = entry
    counters.stale_key_uses++
    if (!entry.staleTold) {
      entry.staleTold = true
      this.#settings.emit({ type: 'stale_use', issuer, age: now - entry.record!.fetchedAt })
    }
    if (entry.flight === undefined && !backingOff(state.trouble, now, this.#settings.policy)) {
      this.#refresher.update(entry, 'due', true).catch(() => {
        // Kept in the entry, counted and told to the listener.
      })
    }
    return entry.keySet!
  }

  async #obtain(entry: IssuerEntry, kid: string | undefined): Promise<KeySet> {
    await this.#load(entry)
    const { clock, waitForStale, emit } = this.#settings
    const now = clock()
    const age = ageOf(entry.record, now)
    if (age === 'expired') {
      entry.counters.expired_keys++
      emit({ type: 'expired', issuer: entry.issuer, age: now - entry.record!.fetchedAt })
    }
    if (age === 'none' || age === 'expired') await this.#need(entry, 'due')
    if (!entry.knows(kid)) await this.#need(entry, 'unknown_kid')
    else if (age === 'stale') {
      if (!waitForStale) return this.#serveStale(entry, now)
      await this.#need(entry, 'due').catch(() => this.#serveStale(entry, now))
    }
    return entry.keySet!
  }

  async #load(entry: IssuerEntry): Promise<void> {
    if (entry.loaded) return
    const read = async (): Promise<void> => {
      await entry.adopt(await this.#store.read(entry.issuer), this.#settings.policy)
      entry.lookedAt = this.#settings.clock()
      entry.loaded = true
    }
    await (entry.loading ??= read())
  }

  /** Waits for keys. A remembered failure is told at once, and the file is asked now and then whether it still holds. */
  async #need(entry: IssuerEntry, purpose: Purpose): Promise<void> {
    if (entry.flight === undefined && backingOff(entry.state.trouble, this.#settings.clock(), this.#settings.policy)) {
      const now = performance.now()
      if (now - entry.failureCheckedAt < CHECK_FAILURE_EVERY_MS) {
        entry.counters.negative_cache_hits++
        throw this.#refresher.remembered(entry)
      }
      entry.failureCheckedAt = now
    }
    await this.#refresher.update(entry, purpose)
  }

  async #refreshNow(entry: IssuerEntry): Promise<void> {
    await this.#load(entry)
    // An attempt that began before the question was asked is no answer to it.
    await entry.flight?.catch(() => {})
    await this.#refresher.update(entry, 'asked')
  }

  async #forAll(work: (entry: IssuerEntry) => Promise<void>): Promise<UpdateResult[]> {
    const entries = [...this.#entries.values()].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
    const errors = new Map<IssuerEntry, SciTokenError>()
    await inParallel(PARALLEL, entries, async (entry) => {
      await work(entry).catch((error: SciTokenError) => errors.set(entry, error))
    })
    return entries.map((entry) => ({ issuer: entry.issuer, error: errors.get(entry) }))
  }
}

function stoppedWaiting(cause: unknown): UndecidedError {
  return new UndecidedError('aborted', 'the caller stopped waiting for keys', { cause })
}
