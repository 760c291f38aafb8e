import { ConfigError, quote } from '@scitokens/core'
import { DeliveryStore } from './delivery-store.ts'
import { FamilyStore } from './family-store.ts'
import { LeaseStore } from './lease-store.ts'
import type { SecretBox } from './secret-box.ts'
import { StateDatabase } from './state-database.ts'
import { TokenStore } from './token-store.ts'

/** Everything the manager must not forget, in one SQLite file. Secrets are sealed. */
export class StateStore {
  readonly families: FamilyStore
  readonly tokens: TokenStore
  readonly deliveries: DeliveryStore
  readonly leases: LeaseStore
  readonly #database: StateDatabase

  /**
   * Opens the state, or makes it. Throws `undecided` for a full or broken disk, `config_error` for a foreign file or another
   * key than the one it was made with.
   */
  constructor(directory: string, box: SecretBox) {
    this.#database = new StateDatabase(directory)
    this.families = new FamilyStore(this.#database, box)
    this.tokens = new TokenStore(this.#database, box, this.families)
    this.deliveries = new DeliveryStore(this.#database)
    this.leases = new LeaseStore(this.#database)
    this.#checkKey(directory, box.keyId)
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
    this.close()
    throw new ConfigError(`the state in ${quote(directory)} is encrypted with another key than the one given`)
  }
}
