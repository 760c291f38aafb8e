/** What is kept. An access token is never stored, issued by whatever grant (DESIGN decision 8). */
export type EntryKind =
  /** A signing key: public part, reference to the private one, and its schedule. */
  | 'signing_key'
  /** Who may change the keys just now. */
  | 'lease'
  /** An authorization code, by its keyed hash. */
  | 'code'
  /** A device login, by the keyed hash of its device code. */
  | 'device'
  /** The user's short code of a device login, by its keyed hash. */
  | 'user_code'
  /** A refresh family: what was granted, to whom, and how often it was refreshed. */
  | 'family'
  /** An access token that was revoked, by its `jti`, until it expires. */
  | 'revoked'
  /** A one-time identifier that was used (assertions), until it expires. */
  | 'used'
  /** A client that registered itself, or that an operator keeps here. */
  | 'client'
  /** What was ended of a client, and whether it stands in the configuration; kept after the client is gone. */
  | 'client_state'
  /** Whose a subject is: one person's, or clients'. Never both. */
  | 'subject'
  /** That what an earlier program left was brought forward, once. */
  | 'upgrade'

/** Name of an entry. `realm` is the issuer's URL. */
export interface EntryKey {
  /** URL of the issuer that it belongs to. */
  readonly realm: string
  /** What kind of thing it is. */
  readonly kind: EntryKind
  /** Name of the entry among those of its kind. */
  readonly id: string
}

/** An entry as stored. */
export interface Entry<Value = unknown> extends EntryKey {
  /** Whose it is (a subject or a client), for listing. */
  readonly owner: string | undefined
  /** Changes with every write. */
  readonly version: number
  /** What is kept: whatever JSON can say. */
  readonly value: Value
  /** Seconds since the epoch; from then on it counts as absent. Undefined: kept until removed. */
  readonly expiresAt: number | undefined
}

/** An entry to be written. */
export interface NewEntry extends EntryKey {
  /** Whose it is (a subject or a client), by which it can be listed; undefined: nobody's. */
  readonly owner?: string | undefined
  /** What is kept: whatever JSON can say. */
  readonly value: unknown
  /** When it may be removed, in seconds since the epoch; undefined: never. */
  readonly expiresAt?: number | undefined
}

/** One step of {@link Store.commit}, with its condition. */
export type Change =
  /** Holds if there is no such entry, or only an expired one. */
  | { readonly insert: NewEntry }
  /** Holds if the entry is as it was read: nobody wrote since. */
  | { readonly replace: Entry; readonly value: unknown; readonly expiresAt: number | undefined }
  /** Holds if the entry is there and has not expired. */
  | { readonly remove: EntryKey }

/**
 * Where an issuer keeps what must outlive a request. Two engines, one contract (`test/store-contract.ts`): each change is
 * atomic among all instances, and a write that was acknowledged survives the end of the process.
 *
 * Every method throws `UndecidedError` with code `undecided` when the database cannot be reached.
 */
export interface Store {
  /** An entry that has not expired; undefined: there is none. Throws `undecided`. */
  get<Value>(key: EntryKey): Promise<Entry<Value> | undefined>
  /** Entries of a kind by id, at most `limit` (default 1000), only those of `owner` where given, beginning after the id `after`. */
  list<Value>(realm: string, kind: EntryKind, query?: ListQuery): Promise<readonly Entry<Value>[]>
  /** Applies all changes or none; false when a condition did not hold. */
  commit(changes: readonly Change[]): Promise<boolean>
  /** Removes an entry and hands it out: of any number of callers exactly one gets it. */
  consume<Value>(key: EntryKey): Promise<Entry<Value> | undefined>
  /** Writes an entry that is not there; of any number of callers exactly one gets true. */
  insertIfAbsent(entry: NewEntry): Promise<boolean>
  /** Removes at most `limit` expired entries; tells how many. */
  sweep(limit: number): Promise<number>
  /** Ends what is under way, and lets go of the database. */
  close(): Promise<void>
}

/** Choice of {@link Store.list}. */
export interface ListQuery {
  /** Only those of this owner. Default: all. */
  readonly owner?: string
  /** Begin behind this id. Default: at the first one. */
  readonly after?: string
  /** How many at most. Default: 1000. */
  readonly limit?: number
}
