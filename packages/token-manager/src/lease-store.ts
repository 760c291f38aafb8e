import { randomUUID } from 'node:crypto'
import type { StateDatabase } from './state-database.ts'

/** Who may speak to the issuer for a family just now, over all processes. */
export class LeaseStore {
  readonly #database: StateDatabase

  constructor(database: StateDatabase) {
    this.#database = database
  }

  /**
   * Takes the right to speak to the issuer for a family. A lease ends by itself, so a killed process blocks nobody for long, nor
   * does a clock that was set back.
   *
   * @returns the lease, or undefined while somebody else has it.
   */
  acquire(familyId: number, now: number, seconds: number): string | undefined {
    const lease = randomUUID()
    const taken = this.#database.run(
      `insert into leases.lease (family, lease, until) values (?, ?, ?) on conflict (family) do update
       set lease = excluded.lease, until = excluded.until where until <= ? or until > ?`,
      familyId,
      lease,
      now + seconds,
      now,
      now + 2 * seconds,
    )
    return taken === 1 ? lease : undefined
  }

  release(familyId: number, lease: string): void {
    this.#database.run('delete from leases.lease where family = ? and lease = ?', familyId, lease)
  }
}
