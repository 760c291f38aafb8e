import type { KeySet, KeySetOptions } from '@scitokens/core'
import { type Counters, createCounters } from '../record/counters.ts'
import { type CheckedKeys, checkJwks } from './jwks.ts'
import { clampAges, type Policy } from '../record/policy.ts'
import { type KeyRecord, type StoredIssuer, unknownIssuer } from '../record/record.ts'

/** What this process holds of one trusted issuer. */
export class IssuerEntry {
  readonly issuer: string
  readonly counters: Counters = createCounters()
  keySet: KeySet | undefined
  /** Everything but the keys' meaning, as the store last told it. */
  state: StoredIssuer
  /** The attempt under way, shared by all callers. */
  flight: Promise<void> | undefined
  /** The first reading of the store, shared by all callers. */
  loading: Promise<void> | undefined
  loaded = false
  /** No longer trusted; an attempt under way must leave no trace. */
  removed = false
  /** When the store was last asked whether a failure still holds, on a monotonic clock, in milliseconds. */
  failureCheckedAt: number = -Infinity
  /** When the store was last asked whether another process changed anything. In seconds since the epoch. */
  lookedAt = 0
  /** Whether listeners know that these keys are stale. */
  staleTold = false
  readonly #options: KeySetOptions
  #kids: ReadonlySet<string> = new Set()

  constructor(issuer: string, options: KeySetOptions) {
    this.issuer = issuer
    this.#options = options
    this.state = unknownIssuer(issuer)
  }

  get record(): KeyRecord | undefined {
    return this.state.keys
  }

  /** Whether the set says something about this `kid`, be it that the key must not be used. */
  knows(kid: string | undefined): boolean {
    return kid === undefined || this.#kids.has(kid)
  }

  /**
   * Takes over what a store knows. What a file says is judged like what the network says; keys that do not pass are as good as none.
   *
   * @returns whether the stored keys, if any, passed.
   */
  async adopt(stored: StoredIssuer | undefined, policy: Policy): Promise<boolean> {
    if (stored === undefined) return true
    const { keys } = stored
    const before = this.state
    if (keys === undefined || isSame(keys, this.record)) {
      this.state = { ...stored, keys: this.record }
      return true
    }
    try {
      const { keySet } = await this.check(keys.jwks)
      // An attempt that ended meanwhile knows better.
      if (this.state !== before) return true
      this.state = { ...stored, keys: clampAges(keys, policy) }
      this.#use(keySet)
      return true
    } catch {
      this.state = { ...stored, keys: this.record }
      return false
    }
  }

  /** Judges a document. Content that is there already keeps its key set object. Throws `discovery_failed`. */
  async check(document: unknown): Promise<CheckedKeys> {
    const checked = await checkJwks(document, this.issuer, this.#options)
    const same = this.keySet !== undefined && JSON.stringify(this.record?.jwks) === JSON.stringify(checked.jwks)
    return same ? { keySet: this.keySet!, jwks: this.record!.jwks } : checked
  }

  /** Forgets the keys. */
  forget(): void {
    this.state = unknownIssuer(this.issuer)
    this.keySet = undefined
    this.#kids = new Set()
  }

  /** Puts keys in place of the ones before. */
  accept(record: KeyRecord, keySet: KeySet): void {
    this.state = { ...this.state, keys: record, trouble: undefined }
    this.#use(keySet)
  }

  #use(keySet: KeySet): void {
    this.staleTold = false
    if (keySet === this.keySet) return
    this.keySet = keySet
    this.#kids = new Set([...keySet.keys, ...keySet.dropped].flatMap(({ kid }) => (kid === undefined ? [] : [kid])))
  }
}

/** Whether two records tell of the same answer; their ages may have been cut. */
function isSame(a: KeyRecord, b: KeyRecord | undefined): boolean {
  return b !== undefined && a.attempt === b.attempt && a.fetchedAt === b.fetchedAt
}
