import { type Clock, ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { DatabaseTurns } from '@scitokens/host/files'
import { MemoryStore } from './memory-store.ts'
import { ageOf, type LeaseRequest } from '../record/policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from '../record/record.ts'
import type { Lease, KeyStore, OpenStore } from '../record/store.ts'

/** A store that a {@link SafeStore} stands on. */
export type DurableStore = KeyStore & { readonly readOnly?: boolean }

/** Where a {@link SafeStore} keeps things and what it tells about that. */
export interface SafeStoreOptions {
  /** For people. */
  readonly location: string
  /** Called when the store is first needed, and again after it failed. Undefined: there is none yet, which is no problem. */
  open(): DurableStore | undefined
  /** Called when the store stops serving (`problem` says why) or serves again (undefined). */
  onHealth(problem: string | undefined): void
  readonly clock: Clock
  /** Whether a store that failed is closed, to be opened anew. Default: true. */
  readonly reopens?: boolean
  /** How long other processes are waited for who have locked the file, in milliseconds. Default: 2000. */
  readonly waitMs?: number
  /** Seconds for which a store that failed is left in peace. Default: 30. */
  readonly pause?: number
  /** Monotonic clock, in seconds. Default: the process's own. */
  monotonic?(): number
}

/**
 * A store on a file that may be corrupt, foreign, locked or read-only. Whatever this process knows is in memory as well; when
 * the file fails, memory serves, and what could not be written is written once the file is back. Never throws, except on
 * `remove`, which must not pretend.
 *
 * Calls are done in their order. While nobody else has locked the file, each is done before it returns.
 */
export class SafeStore implements OpenStore {
  readonly #options: SafeStoreOptions
  readonly #memory = new MemoryStore()
  /** Issuers whose state in memory is not in the file, each with its last writing. */
  readonly #unsaved = new Map<string, symbol>()
  readonly #turns: DatabaseTurns
  #durable: DurableStore | undefined
  #pausedUntil = -Infinity
  #problem: string | undefined

  constructor(options: SafeStoreOptions) {
    this.#options = options
    this.#turns = new DatabaseTurns(options.waitMs ?? 2000)
  }

  get location(): string {
    return this.#options.location
  }

  get problem(): string | undefined {
    return this.#problem
  }

  async read(issuer: string): Promise<StoredIssuer | undefined> {
    await this.#try((durable) => {
      const stored = durable.read(issuer)
      if (stored) this.#learn(stored)
      // Another process removed it.
      else if (!this.#unsaved.has(issuer)) this.#memory.remove(issuer)
    })
    return this.#memory.read(issuer)
  }

  async list(): Promise<StoredIssuer[]> {
    const stored = await this.#try((durable) => durable.list())
    const unsaved = this.#memory.list().filter(({ issuer }) => stored === undefined || this.#unsaved.has(issuer))
    const others = stored?.filter(({ issuer }) => !this.#unsaved.has(issuer)) ?? []
    return [...others, ...unsaved].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  async lease(issuer: string, request: LeaseRequest): Promise<Lease> {
    const lease = await this.#tryWrite((durable) => {
      const answer = durable.lease(issuer, request)
      if (!this.#unsaved.has(issuer)) this.#memory.put(answer.stored)
      return answer
    })
    if (lease !== undefined && !this.#unsaved.has(issuer)) return lease
    await this.read(issuer)
    return this.#memory.lease(issuer, request)
  }

  async saveKeys(record: KeyRecord): Promise<void> {
    this.#memory.saveKeys(record)
    await this.#save(record.issuer, (durable) => durable.saveKeys(record))
  }

  async saveTrouble(issuer: string, trouble: Trouble): Promise<void> {
    this.#memory.saveTrouble(issuer, trouble)
    await this.#save(issuer, (durable) => durable.saveTrouble(issuer, trouble))
  }

  async release(issuer: string): Promise<void> {
    this.#memory.release(issuer)
    await this.#tryWrite((durable) => durable.release(issuer))
  }

  /** Throws `config_error` when the file cannot be changed. */
  async remove(issuer: string): Promise<boolean> {
    const known = this.#memory.remove(issuer)
    this.#unsaved.delete(issuer)
    const removed = await this.#tryWrite((durable) => ({ was: durable.remove(issuer) }))
    if (removed !== undefined) return removed.was || known
    const why = `the keys of ${quote(issuer)} cannot be removed from ${quote(this.location)}: ${this.#problem}`
    throw new ConfigError('config_error', why, { issuer })
  }

  /** Ends after what is under way, and tries once more to write what could not be written. */
  async close(): Promise<void> {
    await this.#turns.run(() => {})
    if (this.#unsaved.size > 0) {
      this.#pausedUntil = -Infinity
      await this.#tryWrite((durable) => this.#saveRest(durable))
    }
    this.#closeDurable()
    this.#pausedUntil = Infinity
  }

  get #pause(): number {
    return this.#options.pause ?? 30
  }

  /** Takes over what the file knows, unless this process knows something that the file does not. */
  #learn(stored: StoredIssuer): void {
    const mine = this.#unsaved.has(stored.issuer) ? this.#memory.read(stored.issuer) : undefined
    if (mine && this.#fetchedAt(stored) <= this.#fetchedAt(mine)) return
    this.#unsaved.delete(stored.issuer)
    this.#memory.put(stored)
  }

  /** When keys were fetched; those that are too old, or fetched by a clock that was years ahead, win against nothing. */
  #fetchedAt({ keys }: StoredIssuer): number {
    return keys === undefined || ageOf(keys, this.#options.clock()) === 'expired' ? 0 : keys.fetchedAt
  }

  async #save(issuer: string, work: (durable: KeyStore) => void): Promise<void> {
    const writing = Symbol(issuer)
    this.#unsaved.set(issuer, writing)
    await this.#tryWrite((durable) => {
      work(durable)
      // Unless there is a later one, which waits for its turn.
      if (this.#unsaved.get(issuer) === writing) this.#unsaved.delete(issuer)
      this.#saveRest(durable)
    })
  }

  /** What an earlier failure left unwritten. */
  #saveRest(durable: KeyStore): void {
    for (const issuer of this.#unsaved.keys()) {
      const stored = this.#memory.read(issuer)
      if (stored?.keys) durable.saveKeys(stored.keys)
      if (stored?.trouble) durable.saveTrouble(issuer, stored.trouble)
      this.#unsaved.delete(issuer)
    }
  }

  #tryWrite<T>(work: (durable: KeyStore) => T): Promise<T | undefined> {
    return this.#try((durable) => {
      if (!durable.readOnly) return work(durable)
      this.#report('it can only be read')
      return undefined
    })
  }

  async #try<T>(work: (durable: DurableStore) => T): Promise<T | undefined> {
    if (this.#isPaused()) return undefined
    try {
      return await this.#turns.run(() => this.#work(work))
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** One attempt. Called again while other processes have locked the file. */
  #work<T>(work: (durable: DurableStore) => T): T | undefined {
    // Who waited for a turn may find that the file has failed meanwhile.
    if (this.#isPaused()) return undefined
    this.#durable ??= this.#options.open()
    if (this.#durable === undefined) {
      this.#pausedUntil = this.#now() + this.#pause
      return undefined
    }
    const result = work(this.#durable)
    if (!this.#durable.readOnly) this.#report(undefined)
    return result
  }

  #fail(error: unknown): void {
    this.#pausedUntil = this.#now() + this.#pause
    // The file may be replaced by an empty one.
    for (const { issuer } of this.#memory.list()) {
      if (!this.#unsaved.has(issuer)) this.#unsaved.set(issuer, Symbol(issuer))
    }
    if (this.#options.reopens ?? true) this.#closeDurable()
    this.#report(error instanceof Error ? error.message : String(error))
  }

  #isPaused(): boolean {
    return this.#now() < this.#pausedUntil
  }

  #now(): number {
    return this.#options.monotonic?.() ?? performance.now() / 1000
  }

  #closeDurable(): void {
    try {
      this.#durable?.close()
    } catch {
      // It is broken already.
    }
    this.#durable = undefined
  }

  #report(problem: string | undefined): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#options.onHealth(problem)
  }
}
