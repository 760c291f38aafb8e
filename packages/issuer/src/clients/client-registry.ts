import type { Client } from './client.ts'

/** The clients of one issuer, configured and registered. */
export class ClientRegistry {
  #configured: ReadonlyMap<string, Client>
  readonly #loadRegistered: (clientId: string) => Promise<Client | undefined>

  /** @param loadRegistered - looks for a client that registered itself. */
  constructor(configured: readonly Client[], loadRegistered: (clientId: string) => Promise<Client | undefined>) {
    this.#configured = byId(configured)
    this.#loadRegistered = loadRegistered
  }

  /** Configured clients are found without the database. */
  async find(clientId: string): Promise<Client | undefined> {
    return this.#configured.get(clientId) ?? this.#loadRegistered(clientId)
  }

  /** Takes over a changed configuration at once. */
  replace(configured: readonly Client[]): void {
    this.#configured = byId(configured)
  }

  isConfigured(clientId: string): boolean {
    return this.#configured.has(clientId)
  }
}

function byId(clients: readonly Client[]): ReadonlyMap<string, Client> {
  return new Map(clients.map((client) => [client.clientId, client]))
}
