import type { Clock } from '@scitokens/core'
import { ageOf, type LeaseRequest } from '../record/policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from '../record/record.ts'
import type { Lease, OpenStore } from '../record/store.ts'

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
export class SeededStore implements OpenStore {
  readonly #own: OpenStore
  readonly #seed: OpenStore
  readonly #options: SeedOptions

  constructor(own: OpenStore, seed: OpenStore, options: SeedOptions) {
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

  async read(issuer: string): Promise<StoredIssuer | undefined> {
    const own = await this.#own.read(issuer)
    return this.#needsSeed(own) ? withSeed(own, await this.#seed.read(issuer)) : own
  }

  async list(): Promise<StoredIssuer[]> {
    const all = new Map((await this.#seed.list()).map((stored) => [stored.issuer, stored]))
    for (const own of await this.#own.list()) {
      all.set(own.issuer, this.#needsSeed(own) ? withSeed(own, all.get(own.issuer))! : own)
    }
    return [...all.values()].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  async lease(issuer: string, request: LeaseRequest): Promise<Lease> {
    // Taken over first, so that the lease is judged, and its lease kept, in one place.
    const own = await this.#own.read(issuer)
    const keys = this.#needsSeed(own) && !request.ignoreKeys ? (await this.#seed.read(issuer))?.keys : undefined
    if (keys) await this.#own.saveKeys({ ...keys, attempt: own?.attempts ?? 0 })
    return this.#own.lease(issuer, request)
  }

  async saveKeys(record: KeyRecord): Promise<void> {
    const saved = [this.#own.saveKeys(record)]
    if (this.#options.write) saved.push(this.#seed.saveKeys(record))
    await Promise.all(saved)
  }

  saveTrouble(issuer: string, trouble: Trouble): Promise<void> {
    return this.#own.saveTrouble(issuer, trouble)
  }

  release(issuer: string): Promise<void> {
    return this.#own.release(issuer)
  }

  async remove(issuer: string): Promise<boolean> {
    const removed = await this.#own.remove(issuer)
    return (this.#options.write && (await this.#seed.remove(issuer))) || removed
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.close(), this.#seed.close()])
  }

  #needsSeed(own: StoredIssuer | undefined): boolean {
    const age = ageOf(own?.keys, this.#options.clock())
    return age === 'none' || age === 'expired'
  }
}

function withSeed(own: StoredIssuer | undefined, seed: StoredIssuer | undefined): StoredIssuer | undefined {
  return own === undefined || seed?.keys === undefined ? (own ?? seed) : { ...own, keys: seed.keys }
}
