import { type LeaseRequest, judgeLease } from '../record/policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from '../record/record.ts'
import { type Lease, leased, type KeyStore, withKeys } from '../record/store.ts'

/** Keeps records for as long as the process lives. Bounded by the issuers its user trusts. */
export class MemoryStore implements KeyStore {
  /** For people: a file name, or `memory`. */
  readonly location = 'memory'
  readonly #issuers = new Map<string, StoredIssuer>()

  /** What is known of an issuer; undefined for nothing. */
  read(issuer: string): StoredIssuer | undefined {
    return this.#issuers.get(issuer)
  }

  /** Replaces everything known about an issuer. */
  put(stored: StoredIssuer): void {
    this.#issuers.set(stored.issuer, stored)
  }

  /** Everything that is known, ordered by issuer. */
  list(): StoredIssuer[] {
    return [...this.#issuers.values()].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  /** Judges a wish to fetch, and writes the lease down: {@link KeyStore.lease}. */
  lease(issuer: string, request: LeaseRequest): Lease {
    const before = this.#get(issuer)
    const verdict = judgeLease(before, request)
    const stored = verdict === 'go' ? leased(before, request) : before
    if (verdict === 'go') this.put(stored)
    return { verdict, stored }
  }

  /** Keeps the result of a successful contact: {@link KeyStore.saveKeys}. */
  saveKeys(record: KeyRecord): void {
    this.put(withKeys(this.#get(record.issuer), record))
  }

  /** Notes a failure, and ends the lease. */
  saveTrouble(issuer: string, trouble: Trouble): void {
    this.put({ ...this.#get(issuer), trouble, leasedUntil: 0 })
  }

  /** Ends the lease of an attempt that came to no end. */
  release(issuer: string): void {
    const stored = this.read(issuer)
    if (stored) this.put({ ...stored, leasedUntil: 0 })
  }

  /** Forgets everything about an issuer; tells whether there was anything. */
  remove(issuer: string): boolean {
    return this.#issuers.delete(issuer)
  }

  /** Closes the store: it can no longer be used. */
  close(): void {}

  #get(issuer: string): StoredIssuer {
    return this.read(issuer) ?? unknownIssuer(issuer)
  }
}
