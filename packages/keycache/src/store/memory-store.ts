import { type ClaimRequest, judgeClaim } from '../record/policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from '../record/record.ts'
import { type Claim, granted, type KeyStore, withKeys } from '../record/store.ts'

/** Keeps records for as long as the process lives. Bounded by the issuers its user trusts. */
export class MemoryStore implements KeyStore {
  readonly location = 'memory'
  readonly #issuers = new Map<string, StoredIssuer>()

  read(issuer: string): StoredIssuer | undefined {
    return this.#issuers.get(issuer)
  }

  /** Replaces everything known about an issuer. */
  put(stored: StoredIssuer): void {
    this.#issuers.set(stored.issuer, stored)
  }

  list(): StoredIssuer[] {
    return [...this.#issuers.values()].toSorted((a, b) => (a.issuer < b.issuer ? -1 : 1))
  }

  claim(issuer: string, request: ClaimRequest): Claim {
    const before = this.#get(issuer)
    const verdict = judgeClaim(before, request)
    const stored = verdict === 'go' ? granted(before, request) : before
    if (verdict === 'go') this.put(stored)
    return { verdict, stored }
  }

  saveKeys(record: KeyRecord): void {
    this.put(withKeys(this.#get(record.issuer), record))
  }

  saveTrouble(issuer: string, trouble: Trouble): void {
    this.put({ ...this.#get(issuer), trouble, leasedUntil: 0 })
  }

  release(issuer: string): void {
    const stored = this.read(issuer)
    if (stored) this.put({ ...stored, leasedUntil: 0 })
  }

  remove(issuer: string): boolean {
    return this.#issuers.delete(issuer)
  }

  close(): void {}

  #get(issuer: string): StoredIssuer {
    return this.read(issuer) ?? unknownIssuer(issuer)
  }
}
