import type { LeaseRequest, Verdict } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'

/** What became of a wish for a lease, and what the store knew at that moment. */
export interface Lease {
  /** Whether the issuer may be asked. */
  readonly verdict: Verdict
  /** What the store knew, after the lease was written down. */
  readonly stored: StoredIssuer
}

/**
 * Where key records are kept. Synchronous, so that a decision and its writing down are one step, and without waiting for anybody: the process
 * would wait with it. A store may throw on any call: when SQLite says that another process has locked the file, `KeyCache` asks again
 * for a while, else it goes on in memory.
 */
export interface KeyStore {
  /** For people: a file name, or `memory`. */
  readonly location: string
  /** What is known of an issuer; undefined for nothing. */
  read(issuer: string): StoredIssuer | undefined
  /** Ordered by issuer. */
  list(): StoredIssuer[]
  /**
   * Judges a wish to fetch (`judgeLease`); on `go` also counts the attempt and writes a lease, in one step that no other process
   * can get between. The answer tells the state after that step.
   */
  lease(issuer: string, request: LeaseRequest): Lease
  /** Keeps the result of a successful contact unless a later attempt's is there already; ends lease and trouble. */
  saveKeys(record: KeyRecord): void
  /** Notes a failure; ends the lease. Never touches keys. */
  saveTrouble(issuer: string, trouble: Trouble): void
  /** Ends the lease of an attempt that came to no end. */
  release(issuer: string): void
  /** Forgets everything about an issuer; tells whether there was anything. */
  remove(issuer: string): boolean
  /** Closes the store: it can no longer be used. */
  close(): void
}

/** A store that never fails, except on `remove`, and waits for other processes without keeping this one. */
export interface OpenStore {
  /** For people: a file name, or `memory`. */
  readonly location: string
  /** Why the file does not serve, or not fully; undefined while it does. */
  readonly problem: string | undefined
  read(issuer: string): Promise<StoredIssuer | undefined>
  list(): Promise<StoredIssuer[]>
  lease(issuer: string, request: LeaseRequest): Promise<Lease>
  saveKeys(record: KeyRecord): Promise<void>
  saveTrouble(issuer: string, trouble: Trouble): Promise<void>
  release(issuer: string): Promise<void>
  remove(issuer: string): Promise<boolean>
  close(): Promise<void>
}

/** The state after a lease that was given. */
export function leased(stored: StoredIssuer, { now, leaseFor }: LeaseRequest): StoredIssuer {
  return { ...stored, leasedUntil: now + leaseFor, attempts: stored.attempts + 1 }
}

/** The state after a success. A slow process must not undo a quick one's rotation: the later attempt wins. */
export function withKeys(stored: StoredIssuer, record: KeyRecord): StoredIssuer {
  const overtaken = stored.keys !== undefined && stored.keys.attempt > record.attempt
  const keys = overtaken ? stored.keys : record
  const attempts = Math.max(stored.attempts, record.attempt)
  return { issuer: record.issuer, keys, trouble: undefined, leasedUntil: 0, attempts }
}
