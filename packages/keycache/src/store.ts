import type { ClaimRequest, Verdict } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'

/** What became of a claim, and what the store knew at that moment. */
export interface Claim {
  readonly verdict: Verdict
  readonly stored: StoredIssuer
}

/**
 * Where key records are kept. Synchronous, so that a decision and its writing down are one step. A store may throw on any
 * call: `KeyCache` then goes on in memory.
 */
export interface KeyStore {
  /** For people: a file name, or `memory`. */
  readonly location: string
  read(issuer: string): StoredIssuer | undefined
  /** Ordered by issuer. */
  list(): StoredIssuer[]
  /** Judges a wish to fetch; on `go` also writes a lease, in one step that no other process can get between. */
  claim(issuer: string, request: ClaimRequest): Claim
  /** Keeps the result of a successful contact unless a newer one is there already; ends lease and trouble. */
  saveKeys(record: KeyRecord): void
  /** Notes a failure; ends the lease. Never touches keys. */
  saveTrouble(issuer: string, trouble: Trouble): void
  /** Ends the lease of an attempt that came to no end. */
  release(issuer: string): void
  /** Forgets everything about an issuer; tells whether there was anything. */
  remove(issuer: string): boolean
  close(): void
}

/** How much newer a stored record may be and still win; more, and another clock wrote it. In seconds. */
const PLAUSIBLE_LEAD = 3600

/** Whether `stored` was made by a later request than `record`: a slow process must not undo a quick one's rotation. */
export function isNewer(stored: KeyRecord | undefined, record: KeyRecord): boolean {
  if (stored === undefined) return false
  const lead = stored.fetchedAt - record.fetchedAt
  return lead > 0 && lead <= PLAUSIBLE_LEAD
}
