import type { KeySet } from '@scitokens/core'
import { type Counters, createCounters } from './counters.ts'
import { checkJwks, type CheckedKeys } from './jwks.ts'
import { clampAges, type Policy } from './policy.ts'
import type { KeyRecord, StoredIssuer, Trouble } from './record.ts'

/** What this process holds of one trusted issuer. */
export class IssuerEntry {
  readonly issuer: string
  readonly counters: Counters = createCounters()
  record: KeyRecord | undefined
  keySet: KeySet | undefined
  trouble: Trouble | undefined
  /** The attempt under way, shared by all callers. */
  flight: Promise<void> | undefined
  /** The first reading of the store, shared by all callers. */
  loading: Promise<void> | undefined
  loaded = false
  #kids: ReadonlySet<string> = new Set()

  constructor(issuer: string) {
    this.issuer = issuer
  }

  /** Whether the set says something about this `kid`, be it that the key must not be used. */
  knows(kid: string | undefined): boolean {
    return kid === undefined || this.#kids.has(kid)
  }

  /** Takes over what a store knows, if it is newer. What a file says is judged like what the network says. */
  async adopt(stored: StoredIssuer | undefined, policy: Policy): Promise<void> {
    if (stored === undefined) return
    const { keys } = stored
    if (keys !== undefined && (this.record === undefined || keys.fetchedAt > this.record.fetchedAt)) {
      try {
        this.accept(clampAges(keys, policy), await this.check(keys.jwks))
      } catch {
        // A damaged row is as good as none: the issuer will be asked.
        return
      }
    }
    this.trouble = stored.trouble
  }

  /** Judges a document; content that is there already is not judged again, so that its key set stays the same object. */
  async check(document: unknown): Promise<CheckedKeys> {
    const checked = await checkJwks(document, this.issuer, {})
    const same = this.keySet !== undefined && JSON.stringify(this.record?.jwks) === JSON.stringify(checked.jwks)
    return same ? { keySet: this.keySet!, jwks: this.record!.jwks } : checked
  }

  /** Puts keys in place of the ones before. */
  accept(record: KeyRecord, { keySet }: { readonly keySet: KeySet }): void {
    this.record = record
    this.trouble = undefined
    if (keySet === this.keySet) return
    this.keySet = keySet
    this.#kids = new Set([...keySet.keys, ...keySet.dropped].flatMap(({ kid }) => (kid === undefined ? [] : [kid])))
  }

  /** Forgets the keys. */
  clear(): void {
    this.record = undefined
    this.keySet = undefined
    this.trouble = undefined
    this.#kids = new Set()
  }
}
