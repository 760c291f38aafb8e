import type { Client } from './client.ts'
import { subjectsOf } from './client-subjects.ts'
import { REGISTERED_PREFIX } from './registration.ts'
import type { StoredClients } from './stored-clients.ts'

/** The clients of one issuer, configured and stored. */
export class ClientRegistry {
  #configured: ReadonlyMap<string, Client>
  #subjects: ReadonlySet<string>
  readonly #stored: StoredClients
  readonly #reserved: readonly string[]

  /**
   * @param stored - where clients are that the configuration does not have.
   * @param reserved - ids of clients that are in neither place.
   */
  constructor(configured: readonly Client[], stored: StoredClients, reserved: readonly string[] = []) {
    this.#configured = byId(configured)
    this.#subjects = subjectsIn(configured)
    this.#stored = stored
    this.#reserved = reserved
  }

  /** Configured clients are found without the database. */
  async find(clientId: string): Promise<Client | undefined> {
    return this.#configured.get(clientId) ?? this.#stored.find(clientId)
  }

  /** Those of the configuration. */
  get configured(): readonly Client[] {
    return [...this.#configured.values()]
  }

  /** Takes over a changed configuration at once. */
  replace(configured: readonly Client[]): void {
    this.#configured = byId(configured)
    this.#subjects = subjectsIn(configured)
    this.#stored.forget()
  }

  isConfigured(clientId: string): boolean {
    return this.#configured.has(clientId)
  }

  /** Whether no person may have this subject, whatever is stored: a configured client has it, or one that registers itself may. */
  holdsSubject(subject: string): boolean {
    return this.#subjects.has(subject) || this.#reserved.includes(subject) || subject.startsWith(REGISTERED_PREFIX)
  }
}

function subjectsIn(clients: readonly Client[]): ReadonlySet<string> {
  return new Set(clients.flatMap(subjectsOf))
}

function byId(clients: readonly Client[]): ReadonlyMap<string, Client> {
  return new Map(clients.map((client) => [client.clientId, client]))
}
