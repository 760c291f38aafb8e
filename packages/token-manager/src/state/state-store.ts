import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { DeliveryStore } from './delivery-store.ts'
import { FamilyStore } from './family-store.ts'
import { LeaseStore } from './lease-store.ts'
import type { SecretBox } from './secret-box.ts'
import { StateDatabase } from './state-database.ts'
import { TokenStore } from './token-store.ts'

/** Everything the manager must not forget, in one SQLite file that processes share. Secrets are sealed. */
export class StateStore {
  readonly families: FamilyStore
  readonly tokens: TokenStore
  readonly deliveries: DeliveryStore
  readonly leases: LeaseStore
  readonly #database: StateDatabase

  private constructor(database: StateDatabase, box: SecretBox) {
    this.#database = database
    this.families = new FamilyStore(database, box)
    this.tokens = new TokenStore(database, box, this.families)
    this.deliveries = new DeliveryStore(database)
    this.leases = new LeaseStore(database)
  }

  /**
   * Opens the state, or makes it. Throws `undecided` for a full or broken disk, `config_error` for a foreign file or another
   * key than the one it was made with.
   */
  static async open(directory: string, box: SecretBox): Promise<StateStore> {
    const store = new StateStore(await StateDatabase.open(directory), box)
    try {
      await store.work(() => store.#checkKey(directory, box.keyId))
      return store
    } catch (error) {
      store.close()
      throw error
    }
  }

  /**
   * Does a piece of work on the stores, all of it or nothing, while no other process changes anything; see {@link StateDatabase.work}. The
   * stores' methods are called in here.
   */
  work<T>(work: () => T): Promise<T> {
    return this.#database.work(work)
  }

  /** A note that must survive, such as what was imported from where. */
  getSetting(name: string): string | undefined {
    const row = this.#database.get('select value from setting where name = ?', name)
    return row && String(row['value'])
  }

  putSetting(name: string, value: string): void {
    const sql =
      'insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value'
    this.#database.run(sql, name, value)
  }

  /** A number that is another one when another process has written since. */
  get writesOfOthers(): number {
    return this.#database.writesOfOthers
  }

  close(): void {
    this.#database.close()
  }

  #checkKey(directory: string, keyId: string): void {
    this.#database.run("insert or ignore into setting (name, value) values ('key', ?)", keyId)
    if (this.getSetting('key') === keyId) return
    throw new ConfigError(
      'config_error',
      `the state in ${quote(directory)} is encrypted with another key than the one given`,
    )
  }
}
