import {
  checkIssuerIdentifier,
  type KeyHint,
  type KeySet,
  type KeySource,
  quote,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
  type VerificationKey,
} from '@scitokens/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from './abort.ts'
import { type Monitoring, sumCounters } from './counters.ts'
import { IssuerEntry } from './issuer-entry.ts'
import { fetchKeys } from './key-fetch.ts'
import { type KeyCacheOptions, readSettings, type Settings, storeFrom } from './options.ts'
import { ageOf, agesFrom, backingOff, backoff, type Purpose } from './policy.ts'
import type { Trouble } from './record.ts'
import { askedToWait } from './remote.ts'
import { describeStored, type IssuerStatus, type KeyCacheStatus } from './status.ts'
import type { Claim, KeyStore } from './store.ts'

/** How often to look whether the process that is fetching has come to an end, in milliseconds. */
const POLL_MS = 50

/**
 * Finds, keeps and renews the public keys of trusted issuers. Hand it to whatever verifies tokens as its `keys`.
 *
 * Keys have three ages: fresh (served without traffic), stale (served at once and refreshed in the background) and expired
 * (fetched, or `UndecidedError`). One attempt per issuer is under way at any time, whatever the number of callers.
 */
export class KeyCache implements KeySource {
  readonly #settings: Settings
  readonly #store: KeyStore
  readonly #entries = new Map<string, IssuerEntry>()
  readonly #closed = new AbortController()

  /** Opens and contacts nothing yet. Throws `config_error`, or `insecure_url` for an issuer without HTTPS. */
  constructor(options: KeyCacheOptions) {
    this.#settings = readSettings(options)
    this.#store = storeFrom(options, this.#settings.emit)
    for (const issuer of options.issuers) this.#trust(issuer)
  }

  /**
   * The issuer's key set; without waiting while it is fresh, or stale and refreshed in the background.
   *
   * Throws `untrusted_issuer` before any I/O; `issuer_unavailable`, `discovery_failed`, `insecure_url` when there are no usable
   * keys and none could be had, or when a `kid` is unknown and the issuer could not be asked; `aborted`.
   */
  getKeySet(issuer: string, hint: KeyHint = { kid: undefined }): KeySet | Promise<KeySet> {
    const entry = this.#entryOf(issuer)
    if (entry.keySet !== undefined && entry.knows(hint.kid)) {
      const now = this.#settings.clock()
      const age = ageOf(entry.record, now)
      if (age === 'fresh') return entry.keySet
      if (age === 'stale' && !this.#settings.waitForStale) return this.#serveStale(entry, now)
    }
    return waitFor(this.#obtain(entry, hint.kid), hint.signal)
  }

  /** The key that an issuer names `kid`; without `kid` its only key. Throws as `getKeySet` does, and `key_not_found`. */
  async getKey(
    issuer: string,
    kid: string | undefined,
    options: { signal?: AbortSignal } = {},
  ): Promise<VerificationKey> {
    const { keys } = await this.getKeySet(issuer, { kid, ...options })
    const matching = kid === undefined ? keys : keys.filter((key) => key.kid === kid)
    if (kid === undefined ? matching.length === 1 : matching.length > 0) return matching[0]!
    const why =
      kid === undefined ? `publishes ${keys.length} keys and none was named` : `publishes no key ${quote(kid)}`
    throw new TokenNotAcceptableError('key_not_found', `the issuer ${quote(issuer)} ${why}`, { issuer })
  }

  /** Makes sure that usable keys are there, fetching them only if need be. Throws as `getKeySet` does. */
  async load(issuer: string, options: { signal?: AbortSignal } = {}): Promise<KeySet> {
    return this.getKeySet(issuer, { kid: undefined, ...options })
  }

  /** Asks the issuer now, whatever the age of its keys and whatever failed before. Throws as `getKeySet` does. */
  async refresh(issuer: string, options: { signal?: AbortSignal } = {}): Promise<KeySet> {
    const entry = this.#entryOf(issuer)
    await waitFor(this.#refreshNow(entry), options.signal)
    return entry.keySet!
  }

  /**
   * Trusts one more issuer.
   *
   * @param options - `jwks`: its key set, for an issuer that cannot be reached from here; counts as fetched now.
   */
  async add(issuer: string, options: { jwks?: unknown } = {}): Promise<void> {
    const entry = this.#trust(issuer)
    if (options.jwks === undefined) return
    const checked = await entry.check(options.jwks)
    const fetchedAt = this.#settings.clock()
    const ages = agesFrom(fetchedAt, undefined, this.#settings.policy)
    const source = { jwksUri: undefined, etag: undefined, lastModified: undefined }
    const record = { issuer, jwks: checked.jwks, ...source, fetchedAt, ...ages }
    entry.accept(record, checked)
    this.#store.saveKeys(record)
  }

  /** No longer trusts an issuer and forgets its keys, also in the file. Tells whether there was anything to forget. */
  remove(issuer: string): boolean {
    const trusted = this.#entries.delete(issuer)
    return this.#store.remove(issuer) || trusted
  }

  /** Everything the store holds, also of issuers that this process does not trust. */
  list(): IssuerStatus[] {
    const now = this.#settings.clock()
    return this.#store.list().map((stored) => describeStored(stored, now))
  }

  /**
   * Refreshes the keys of all trusted issuers that are due, a few at a time, and tells what became of each. Never throws.
   *
   * @param options - `force`: also those that are not due.
   */
  async updateAll(options: { force?: boolean } = {}): Promise<UpdateResult[]> {
    return this.#forAll(async (entry) => {
      await this.#load(entry)
      if (options.force) await this.#refreshNow(entry)
      else if (ageOf(entry.record, this.#settings.clock()) !== 'fresh') await this.#update(entry, 'due', false)
    })
  }

  /** Makes keys of all trusted issuers ready, so that no request has to wait for them. Never throws. */
  async hydrate(): Promise<UpdateResult[]> {
    return this.#forAll(async (entry) => void (await this.getKeySet(entry.issuer)))
  }

  /** For a health page. No I/O. */
  status(): KeyCacheStatus {
    const now = this.#settings.clock()
    const { location } = this.#store
    const problem = 'health' in this.#store ? (this.#store.health as { problem?: string }).problem : undefined
    const issuers = [...this.#entries.values()].map(({ issuer, record, trouble }) =>
      describeStored({ issuer, keys: record, trouble, leasedUntil: 0 }, now),
    )
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
    this.#closed.abort(new UndecidedError('aborted', 'the key cache was closed'))
    await Promise.allSettled([...this.#entries.values()].flatMap(({ flight }) => flight ?? []))
    this.#store.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #trust(issuer: string): IssuerEntry {
    const known = this.#entries.get(issuer)
    if (known) return known
    const entry = new IssuerEntry(checkIssuerIdentifier(issuer, this.#settings))
    this.#entries.set(issuer, entry)
    return entry
  }

  #entryOf(issuer: string): IssuerEntry {
    const entry = this.#entries.get(issuer)
    if (entry) return entry
    throw new TokenNotAcceptableError('untrusted_issuer', `the issuer ${quote(issuer)} is not trusted`, { issuer })
  }

  #serveStale(entry: IssuerEntry, now: number): KeySet {
    entry.counters.stale_key_uses++
    this.#settings.emit({ type: 'stale_use', issuer: entry.issuer, age: now - entry.record!.fetchedAt })
    if (entry.flight === undefined && !backingOff(entry.trouble, now, this.#settings.policy)) {
      this.#update(entry, 'due', true).catch(() => {
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
    if (age === 'none' || age === 'expired') await this.#update(entry, 'due', false)
    if (!entry.knows(kid)) await this.#update(entry, 'unknown_kid', false)
    else if (age === 'stale') {
      if (!waitForStale) return this.#serveStale(entry, now)
      await this.#update(entry, 'due', false).catch(() => this.#serveStale(entry, now))
    }
    return entry.keySet!
  }

  async #load(entry: IssuerEntry): Promise<void> {
    if (entry.loaded) return
    entry.loading ??= entry.adopt(this.#store.read(entry.issuer), this.#settings.policy).then(() => {
      entry.loaded = true
    })
    await entry.loading
  }

  async #refreshNow(entry: IssuerEntry): Promise<void> {
    // An attempt that began before the question was asked is no answer to it.
    await entry.flight?.catch(() => {})
    await this.#update(entry, 'asked', false)
  }

  #update(entry: IssuerEntry, purpose: Purpose, background: boolean): Promise<void> {
    entry.flight ??= this.#attempt(entry, purpose, background).finally(() => {
      entry.flight = undefined
    })
    return entry.flight
  }

  async #attempt(entry: IssuerEntry, purpose: Purpose, background: boolean): Promise<void> {
    const { verdict, stored } = await this.#claim(entry, purpose)
    await entry.adopt(stored, this.#settings.policy)
    switch (verdict) {
      case 'go':
        return this.#fetch(entry, background)
      case 'fresh':
        return
      case 'cooldown':
        entry.counters.negative_cache_hits++
        return
      case 'backing_off':
      case 'leased':
        entry.counters.negative_cache_hits++
        throw this.#remembered(entry)
    }
  }

  /** Asks the store for leave; while another process is fetching, waits for what it brings. */
  async #claim(entry: IssuerEntry, purpose: Purpose): Promise<Claim> {
    const { clock, policy, timeoutMs } = this.#settings
    const giveUpAt = performance.now() + timeoutMs
    for (;;) {
      const leaseFor = timeoutMs / 1000 + 1
      const claim = this.#store.claim(entry.issuer, { purpose, now: clock(), leaseFor, policy })
      if (claim.verdict !== 'leased' || performance.now() > giveUpAt) return claim
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(POLL_MS, undefined, { signal: this.#closed.signal })
    }
  }

  async #fetch(entry: IssuerEntry, background: boolean): Promise<void> {
    const { counters, issuer } = entry
    const { emit } = this.#settings
    const started = performance.now()
    const elapsed = (): number => (performance.now() - started) / 1000
    try {
      const before = entry.keySet
      const { record, checked } = await fetchKeys(entry, this.#settings, this.#closed.signal)
      entry.accept(record, checked)
      this.#store.saveKeys(record)
      counters.successful_key_lookups++
      if (background) counters.background_successful_refreshes++
      const changed = before !== checked.keySet
      emit({ type: 'refreshed', issuer, keys: checked.keySet.keys.length, changed, background, seconds: elapsed() })
    } catch (cause) {
      if (this.#closed.signal.aborted) {
        this.#store.release(issuer)
        throw cause
      }
      throw this.#noteFailure(entry, cause, background, elapsed())
    }
  }

  #noteFailure(entry: IssuerEntry, cause: unknown, background: boolean, seconds: number): SciTokenError {
    const { counters, issuer } = entry
    const { clock, policy, random, emit } = this.#settings
    if (!(cause instanceof UndecidedError)) {
      this.#store.release(issuer)
      return cause instanceof SciTokenError
        ? cause
        : new UndecidedError('undecided', 'the keys could not be had', { issuer, cause })
    }
    const now = clock()
    const failures = (entry.trouble?.failures ?? 0) + 1
    const retryAt = now + backoff(failures, random(), policy, askedToWait.get(cause))
    entry.trouble = { failures, failedAt: now, retryAt, code: cause.code, message: cause.message }
    this.#store.saveTrouble(issuer, entry.trouble)

    const keysUsableFor = Math.max(0, (entry.record?.expiresAt ?? 0) - now)
    counters.failed_key_lookups++
    counters.failed_key_lookup_time_s += seconds
    if (keysUsableFor > 0) counters.failed_refreshes++
    if (background) counters.background_failed_refreshes++
    emit({ type: 'refresh_failed', issuer, error: cause, failures, keysUsableFor, background, seconds })
    return undecided(entry.trouble, issuer, now, cause)
  }

  #remembered(entry: IssuerEntry): UndecidedError {
    const { issuer, trouble } = entry
    if (trouble) return undecided(trouble, issuer, this.#settings.clock(), undefined)
    return new UndecidedError('issuer_unavailable', `another process is still asking ${quote(issuer)}`, {
      issuer,
      retryAfterSeconds: 1,
    })
  }

  async #forAll(work: (entry: IssuerEntry) => Promise<void>): Promise<UpdateResult[]> {
    const results: UpdateResult[] = []
    const waiting = [...this.#entries.values()]
    const worker = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
        const { issuer } = entry
        // oxlint-disable-next-line no-await-in-loop -- a few at a time
        const error = await work(entry).then(
          () => undefined,
          (cause: SciTokenError) => cause,
        )
        results.push({ issuer, error })
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    return results
  }
}

/** What became of one issuer. */
export interface UpdateResult {
  readonly issuer: string
  /** Undefined when its keys are up to date. */
  readonly error: SciTokenError | undefined
}

function undecided(trouble: Trouble, issuer: string, now: number, cause: unknown): UndecidedError {
  const age = Math.round(now - trouble.failedAt)
  const message = age > 0 ? `${trouble.message} (${age} s ago)` : trouble.message
  const retryAfterSeconds = Math.max(1, Math.ceil(trouble.retryAt - now))
  return new UndecidedError(trouble.code, message, { issuer, reason: 'unavailable', retryAfterSeconds, cause })
}
