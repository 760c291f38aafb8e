import type { Clock } from '@scitokens/core'
import { ageOf, type ClaimRequest } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'
import type { SafeStore } from './safe-store.ts'
import type { Claim, KeyStore } from './store.ts'

/** How a {@link SeededStore} treats the other file. */
export interface SeedOptions {
  /** Also write what is learned. */
  readonly write: boolean
  readonly clock: Clock
}

/**
 * A store that falls back on another library's cache file where it has no usable keys of its own. Never beyond that: the other
 * file does not tell when it asked the issuer, so it cannot win against keys that are known to be as they should.
 */
export class SeededStore implements KeyStore {
  readonly #own: SafeStore
  readonly #seed: SafeStore
  readonly #options: SeedOptions

  constructor(own: SafeStore, seed: SafeStore, options: SeedOptions) {
    this.#own = own
    this.#seed = seed
    this.#options = options
  }

  get location(): string {
    return this.#own.location
  }

  get problem(): string | undefined {
    return this.#own.problem ?? this.#seed.problem
  }

  read(issuer: string): StoredIssuer | undefined {
    const own = this.#own.read(issuer)
    return this.#needsSeed(own) ? withSeed(own, this.#seed.read(issuer)) : own
  }

  list(): StoredIssuer[] {
    const all = new Map(this.#seed.list().map((stored) => [stored.issuer, stored]))
    for (const own of this.#own.list()) {
      all.set(own.issuer, this.#needsSeed(own) ? withSeed(own, all.get(own.issuer))! : own)
    }
    return [...all.values()].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  claim(issuer: string, request: ClaimRequest): Claim {
    // Taken over first, so that the claim is judged, and its lease kept, in one place.
    const own = this.#own.read(issuer)
    const keys = this.#needsSeed(own) && !request.ignoreKeys ? this.#seed.read(issuer)?.keys : undefined
    if (keys) this.#own.saveKeys({ ...keys, attempt: own?.attempts ?? 0 })
    return this.#own.claim(issuer, request)
  }

  saveKeys(record: KeyRecord): void {
    this.#own.saveKeys(record)
    if (this.#options.write) this.#seed.saveKeys(record)
  }

  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#own.saveTrouble(issuer, trouble)
  }

  release(issuer: string): void {
    this.#own.release(issuer)
  }

  remove(issuer: string): boolean {
    const removed = this.#own.remove(issuer)
    return (this.#options.write && this.#seed.remove(issuer)) || removed
  }

  close(): void {
    this.#own.close()
    this.#seed.close()
  }

  #needsSeed(own: StoredIssuer | undefined): boolean {
    const age = ageOf(own?.keys, this.#options.clock())
    return age === 'none' || age === 'expired'
  }
}

function withSeed(own: StoredIssuer | undefined, seed: StoredIssuer | undefined): StoredIssuer | undefined {
  return own === undefined || seed?.keys === undefined ? (own ?? seed) : { ...own, keys: seed.keys }
}
