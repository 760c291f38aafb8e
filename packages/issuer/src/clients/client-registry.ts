import type { Client } from './client.ts'
import type { StoredClients } from './stored-clients.ts'

/** The clients of one issuer, configured and stored. */
export class ClientRegistry {
  #configured: ReadonlyMap<string, Client>
  readonly #stored: StoredClients

  /** @param stored - where clients are that the configuration does not have. */
  constructor(configured: readonly Client[], stored: StoredClients) {
    this.#configured = byId(configured)
    this.#stored = stored
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
    this.#stored.forget()
  }

  isConfigured(clientId: string): boolean {
    return this.#configured.has(clientId)
  }
}

function byId(clients: readonly Client[]): ReadonlyMap<string, Client> {
  return new Map(clients.map((client) => [client.clientId, client]))
}
