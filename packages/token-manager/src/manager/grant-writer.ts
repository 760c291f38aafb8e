import type { HeldToken } from '../state/family.ts'
import type { StateStore } from '../state/state-store.ts'
import type { NewGrant } from '../state/token-store.ts'

interface Waiting {
  readonly grant: NewGrant
  readonly resolve: (token: HeldToken) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Writes what issuers give: all grants that arrived while the disk was busy go in one transaction, so that ten thousand renewals do
 * not wait ten thousand times. Nobody is told of a grant that is not on the disk.
 */
export class GrantWriter {
  readonly #store: StateStore
  #waiting: Waiting[] = []

  constructor(store: StateStore) {
    this.#store = store
  }

  /** Resolves when it is on the disk. Throws `undecided` when it cannot be. */
  save(grant: NewGrant): Promise<HeldToken> {
    return new Promise((resolve, reject) => {
      // After the answers that have come in by now: they are read before the next `setImmediate`.
      if (this.#waiting.length === 0) setImmediate(() => void this.#flush())
      this.#waiting.push({ grant, resolve, reject })
    })
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    const { tokens: store } = this.#store
    try {
      const tokens = await this.#store.work(() => store.saveGrants(batch.map(({ grant }) => grant)))
      store.noteRenewed(tokens)
      for (const [index, { resolve }] of batch.entries()) resolve(tokens[index]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
