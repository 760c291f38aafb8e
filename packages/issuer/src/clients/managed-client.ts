import type { Secrets } from '../secrets/secrets.ts'
import { methodsWithMaterial } from './auth-method.ts'
import type { Client } from './client.ts'
import type { ClientOptions } from './client-options.ts'
import { type ClientDefaults, readClient } from './read-client.ts'

/** A client that an operator keeps in the store, beside those of the configuration. */
export interface ManagedClient {
  readonly managed: true
  readonly options: Omit<ClientOptions, 'clientSecret'>
  readonly secrets: readonly ManagedSecret[]
  /** Seconds since the epoch. */
  readonly createdAt: number
}

/** A secret as stored: its keyed hash alone. */
export interface ManagedSecret {
  readonly hash: string
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch: an old secret that ends. Undefined: it does not. */
  readonly until?: number
}

/** What a managed client means now. Throws `config_error`. */
export function readManagedClient(
  { options, secrets: kept }: ManagedClient,
  defaults: ClientDefaults,
  secrets: Secrets,
  now: number,
): Client {
  const live = kept.filter(({ until }) => until === undefined || until > now)
  // A client whose secrets have all ended is not a public one.
  const methods =
    kept.length > 0 && !options.authMethods ? { authMethods: ['secret' as const, ...methodsWithMaterial(options)] } : {}
  const client = readClient({ ...options, ...methods }, defaults, secrets, 'client')
  return { ...client, secretHashes: live.map(({ hash }) => hash) }
}
