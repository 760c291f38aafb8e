import { ConfigError, quote } from '@scitokens/core'
import { MemoryStore } from './memory-store.ts'
import type { ClaimRequest } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'
import type { Claim, KeyStore } from './store.ts'

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
  /** Whether a store that failed is closed, to be opened anew. Default: true. */
  readonly reopens?: boolean
  /** Seconds for which a store that failed is left in peace: a locked file costs its busy timeout each time. Default: 30. */
  readonly pause?: number
  /** A clock in seconds that nobody sets. Default: the process's. */
  monotonic?(): number
}

/**
 * A store on a file that may be corrupt, foreign, locked or read-only. Whatever this process knows is in memory as well; when
 * the file fails, memory serves, and what could not be written is written once the file is back. Never throws, except on
 * `remove`, which must not pretend.
 */
export class SafeStore implements KeyStore {
  readonly #options: SafeStoreOptions
  readonly #memory = new MemoryStore()
  /** Issuers whose state in memory is not in the file. */
  readonly #unsaved = new Set<string>()
  #durable: DurableStore | undefined
  #pausedUntil = -Infinity
  #problem: string | undefined

  constructor(options: SafeStoreOptions) {
    this.#options = options
  }

  get location(): string {
    return this.#options.location
  }

  /** Why the file does not serve, or not fully; undefined while it does. */
  get problem(): string | undefined {
    return this.#problem
  }

  read(issuer: string): StoredIssuer | undefined {
    this.#try((durable) => {
      const stored = durable.read(issuer)
      if (stored) this.#learn(stored)
      // Another process removed it.
      else if (!this.#unsaved.has(issuer)) this.#memory.remove(issuer)
    })
    return this.#memory.read(issuer)
  }

  list(): StoredIssuer[] {
    const stored = this.#try((durable) => durable.list())
    const unsaved = this.#memory.list().filter(({ issuer }) => stored === undefined || this.#unsaved.has(issuer))
    const others = stored?.filter(({ issuer }) => !this.#unsaved.has(issuer)) ?? []
    return [...others, ...unsaved].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  claim(issuer: string, request: ClaimRequest): Claim {
    const claim = this.#tryWrite((durable) => durable.claim(issuer, request))
    if (claim === undefined || this.#unsaved.has(issuer)) {
      this.read(issuer)
      return this.#memory.claim(issuer, request)
    }
    this.#memory.put(claim.stored)
    return claim
  }

  saveKeys(record: KeyRecord): void {
    this.#memory.saveKeys(record)
    this.#save(record.issuer, (durable) => durable.saveKeys(record))
  }

  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#memory.saveTrouble(issuer, trouble)
    this.#save(issuer, (durable) => durable.saveTrouble(issuer, trouble))
  }

  release(issuer: string): void {
    this.#memory.release(issuer)
    this.#tryWrite((durable) => durable.release(issuer))
  }

  /** Throws `config_error` when the file cannot be changed. */
  remove(issuer: string): boolean {
    const known = this.#memory.remove(issuer)
    this.#unsaved.delete(issuer)
    const removed = this.#tryWrite((durable) => ({ was: durable.remove(issuer) }))
    if (removed !== undefined) return removed.was || known
    const why = `the keys of ${quote(issuer)} cannot be removed from ${quote(this.location)}: ${this.#problem}`
    throw new ConfigError(why, { issuer })
  }

  /** Tries once more to write what could not be written. */
  close(): void {
    if (this.#unsaved.size > 0) {
      this.#pausedUntil = -Infinity
      this.#tryWrite((durable) => this.#saveRest(durable))
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
    if (mine && (stored.keys?.fetchedAt ?? 0) <= (mine.keys?.fetchedAt ?? 0)) return
    this.#unsaved.delete(stored.issuer)
    this.#memory.put(stored)
  }

  #save(issuer: string, work: (durable: KeyStore) => void): void {
    this.#unsaved.add(issuer)
    this.#tryWrite((durable) => {
      work(durable)
      this.#unsaved.delete(issuer)
      this.#saveRest(durable)
    })
  }

  /** What an earlier failure left unwritten. */
  #saveRest(durable: KeyStore): void {
    for (const issuer of this.#unsaved) {
      const stored = this.#memory.read(issuer)
      if (stored?.keys) durable.saveKeys(stored.keys)
      if (stored?.trouble) durable.saveTrouble(issuer, stored.trouble)
      this.#unsaved.delete(issuer)
    }
  }

  #tryWrite<T>(work: (durable: KeyStore) => T): T | undefined {
    return this.#try((durable) => {
      if (!durable.readOnly) return work(durable)
      this.#report('it can only be read')
      return undefined
    })
  }

  #try<T>(work: (durable: DurableStore) => T): T | undefined {
    const now = this.#options.monotonic?.() ?? performance.now() / 1000
    if (now < this.#pausedUntil) return undefined
    try {
      this.#durable ??= this.#options.open()
      if (this.#durable === undefined) {
        this.#pausedUntil = now + this.#pause
        return undefined
      }
      const result = work(this.#durable)
      if (!this.#durable.readOnly) this.#report(undefined)
      return result
    } catch (error) {
      this.#pausedUntil = now + this.#pause
      // The file may be replaced by an empty one.
      for (const { issuer } of this.#memory.list()) this.#unsaved.add(issuer)
      if (this.#options.reopens ?? true) this.#closeDurable()
      this.#report(error instanceof Error ? error.message : String(error))
      return undefined
    }
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
