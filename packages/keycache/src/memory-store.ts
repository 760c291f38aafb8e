import { type ClaimRequest, judgeClaim } from './policy.ts'
import { type KeyRecord, type StoredIssuer, type Trouble, unknownIssuer } from './record.ts'
import { type Claim, isNewer, type KeyStore } from './store.ts'

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
    const stored = this.read(issuer) ?? unknownIssuer(issuer)
    const verdict = judgeClaim(stored, request)
    if (verdict === 'go') this.#issuers.set(issuer, { ...stored, leasedUntil: request.now + request.leaseFor })
    return { verdict, stored }
  }

  saveKeys(record: KeyRecord): void {
    const stored = this.read(record.issuer)
    const keys = isNewer(stored?.keys, record) ? stored?.keys : record
    this.#issuers.set(record.issuer, { issuer: record.issuer, keys, trouble: undefined, leasedUntil: 0 })
  }

  saveTrouble(issuer: string, trouble: Trouble): void {
    this.#issuers.set(issuer, { ...(this.read(issuer) ?? unknownIssuer(issuer)), trouble, leasedUntil: 0 })
  }

  release(issuer: string): void {
    const stored = this.read(issuer)
    if (stored) this.#issuers.set(issuer, { ...stored, leasedUntil: 0 })
  }

  remove(issuer: string): boolean {
    return this.#issuers.delete(issuer)
  }

  close(): void {}
}
