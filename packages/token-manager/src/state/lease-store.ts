import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAlive } from './process-life.ts'
import type { StateDatabase } from './state-database.ts'

/** Who may speak to the issuer for a family just now, over all processes. */
export class LeaseStore {
  readonly #database: StateDatabase

  constructor(database: StateDatabase) {
    this.#database = database
  }

  /**
   * Takes the right to speak to the issuer for a family. A lease ends by itself, and at once with its process where that can be seen
   * from here, so a killed process blocks nobody for long, nor does a clock that was set back.
   *
   * @returns the lease, or undefined while somebody else has it.
   */
  acquire(familyId: number, now: number, seconds: number): string | undefined {
    const lease = [PLACE, process.pid, randomUUID()].join('|')
    const taken = this.#database.run(
      `insert into leases.lease (family, lease, until) values (?, ?, ?) on conflict (family) do update
       set lease = excluded.lease, until = excluded.until where until <= ? or until > ?`,
      familyId,
      lease,
      now + seconds,
      now,
      now + 2 * seconds,
    )
    return taken === 1 || this.#inherit(familyId, lease, now + seconds) ? lease : undefined
  }

  release(familyId: number, lease: string): void {
    this.#database.run('delete from leases.lease where family = ? and lease = ?', familyId, lease)
  }

  /** Takes the lease of a process that is no more. */
  #inherit(familyId: number, lease: string, until: number): boolean {
    const row = this.#database.get('select lease from leases.lease where family = ?', familyId)
    if (row === undefined || mayHold(String(row['lease']))) return false
    const sql = 'update leases.lease set lease = ?, until = ? where family = ? and lease = ?'
    return this.#database.run(sql, lease, until, familyId, row['lease']!) === 1
  }
}

/** Where process numbers mean the same as here: this machine, and this container. */
const PLACE = `${hostname()} ${pidNamespace()}`

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return '' // not Linux
  }
}

/** Whether the holder of a lease may still be there: a process elsewhere always may. */
function mayHold(lease: string): boolean {
  const [place, pid] = lease.split('|')
  return place !== PLACE || isAlive(Number(pid))
}
