import { ConfigError, quote } from '@scitokens/core'
import { MemoryStore } from './memory-store.ts'
import type { ClaimRequest } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'
import type { Claim, KeyStore } from './store.ts'

/** Health of a file, told when it changes. */
export interface StoreHealth {
  readonly location: string
  /** Undefined while the file serves; else why it does not, or not fully. */
  readonly problem: string | undefined
}

/** A store that could not be used is left in peace for this long, in seconds: a locked file costs its busy timeout. */
const PAUSE = 30

/**
 * A store on a file that may be corrupt, foreign, locked or read-only. Whatever this process knows is in memory as well; when
 * the file fails, memory serves, and what could not be written is written once the file is back. Never throws, except on
 * `remove`, which must not pretend.
 */
export class SafeStore implements KeyStore {
  readonly location: string
  readonly #open: () => KeyStore & { readonly readOnly?: boolean }
  readonly #onHealth: (health: StoreHealth) => void
  readonly #memory = new MemoryStore()
  /** Issuers whose state in memory is not in the file. */
  readonly #unsaved = new Set<string>()
  #durable: (KeyStore & { readonly readOnly?: boolean }) | undefined
  #pausedUntil = -Infinity
  #problem: string | undefined

  constructor(location: string, open: () => KeyStore, onHealth: (health: StoreHealth) => void) {
    this.location = location
    this.#open = open
    this.#onHealth = onHealth
  }

  get health(): StoreHealth {
    return { location: this.location, problem: this.#problem }
  }

  read(issuer: string): StoredIssuer | undefined {
    this.#try((durable) => this.#learn(durable.read(issuer)))
    return this.#memory.read(issuer)
  }

  list(): StoredIssuer[] {
    this.#try((durable) => {
      for (const stored of durable.list()) this.#learn(stored)
    })
    return this.#memory.list()
  }

  claim(issuer: string, request: ClaimRequest): Claim {
    const claim = this.#tryWrite((durable) => durable.claim(issuer, request))
    if (claim === undefined) {
      this.read(issuer)
      return this.#memory.claim(issuer, request)
    }
    this.#learn(claim.stored)
    return { verdict: claim.verdict, stored: this.#memory.read(issuer) ?? claim.stored }
  }

  saveKeys(record: KeyRecord): void {
    this.#memory.saveKeys(record)
    this.#write(record.issuer, (durable) => durable.saveKeys(record))
  }

  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#memory.saveTrouble(issuer, trouble)
    this.#write(issuer, (durable) => durable.saveTrouble(issuer, trouble))
  }

  release(issuer: string): void {
    this.#memory.release(issuer)
    this.#tryWrite((durable) => durable.release(issuer))
  }

  remove(issuer: string): boolean {
    const known = this.#memory.remove(issuer)
    this.#unsaved.delete(issuer)
    const removed = this.#tryWrite((durable) => ({ was: durable.remove(issuer) }))
    if (removed === undefined) {
      throw new ConfigError(
        `the keys of ${quote(issuer)} cannot be removed from ${quote(this.location)}: ${this.#problem}`,
        { issuer },
      )
    }
    return removed.was || known
  }

  close(): void {
    try {
      this.#durable?.close()
    } finally {
      this.#durable = undefined
      this.#pausedUntil = Infinity
    }
  }

  /** Takes over what the file knows, unless this process knows something that the file does not. */
  #learn(stored: StoredIssuer | undefined): void {
    if (stored !== undefined && !this.#unsaved.has(stored.issuer)) this.#memory.put(stored)
  }

  #write(issuer: string, work: (durable: KeyStore) => void): void {
    this.#unsaved.add(issuer)
    this.#tryWrite((durable) => {
      work(durable)
      this.#unsaved.delete(issuer)
      this.#flush(durable)
      return true
    })
  }

  #flush(durable: KeyStore): void {
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

  #try<T>(work: (durable: KeyStore & { readonly readOnly?: boolean }) => T): T | undefined {
    const now = performance.now() / 1000
    if (now < this.#pausedUntil) return undefined
    try {
      const durable = (this.#durable ??= this.#open())
      const result = work(durable)
      if (!durable.readOnly) this.#report(undefined)
      return result
    } catch (error) {
      this.#pausedUntil = now + PAUSE
      this.#forget()
      this.#report(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  /** Opens anew next time: the file may have been replaced. */
  #forget(): void {
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
    this.#onHealth(this.health)
  }
}
