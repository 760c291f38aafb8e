import { BoundedMap } from '@scitokens/core/internal'
import type { Store } from '../store/store.ts'
import type { Client } from './client.ts'
import type { ManagedClient } from './managed-client.ts'
import type { RegisteredClient } from './registration.ts'

/** A client as it lies in the store: kept by an operator, or one that registered itself. */
export type StoredClient = ManagedClient | RegisteredClient

/** What a stored client means just now, and until when (seconds since the epoch) that stays so. */
export interface ReadClient {
  readonly client: Client | undefined
  readonly until: number | undefined
}

const REMEMBERED = 1000

/**
 * Clients in the store. They are read each time, because another instance may have changed them; what an unchanged one means is kept,
 * and with it the decisions about it.
 */
export class StoredClients {
  readonly #realm: string
  readonly #store: Store
  readonly #clock: () => number
  readonly #read: (stored: StoredClient, now: number) => ReadClient
  readonly #known = new BoundedMap<string, ReadClient & { readonly text: string }>({ maxEntries: REMEMBERED })

  constructor(
    realm: string,
    store: Store,
    clock: () => number,
    read: (stored: StoredClient, now: number) => ReadClient,
  ) {
    this.#realm = realm
    this.#store = store
    this.#clock = clock
    this.#read = read
  }

  /** Throws `undecided` where the store does not answer. */
  async find(clientId: string): Promise<Client | undefined> {
    const entry = await this.#store.get<StoredClient>({ realm: this.#realm, kind: 'client', id: clientId })
    if (!entry) {
      this.#known.delete(clientId)
      return undefined
    }
    const now = this.#clock()
    const text = JSON.stringify(entry.value)
    const known = this.#known.get(clientId)
    if (known?.text === text && (known.until === undefined || now < known.until)) return known.client
    const read = this.#read(entry.value, now)
    this.#known.set(clientId, { ...read, text })
    return read.client
  }

  /** To be called when the issuer's defaults have changed. */
  forget(): void {
    this.#known.clear()
  }
}
