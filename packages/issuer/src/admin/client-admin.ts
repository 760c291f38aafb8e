import { ConfigError, InvalidRequestError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import type { AuditEvent } from '../audit/audit.ts'
import type { Client } from '../clients/client.ts'
import { subjectChanges, subjectsOfStored } from '../clients/client-subjects.ts'
import { type ManagedClient, type ManagedSecret, readManagedClient } from '../clients/managed-client.ts'
import { readClient } from '../clients/read-client.ts'
import { REGISTERED_PREFIX } from '../clients/registration.ts'
import { removeClient } from '../clients/remove-client.ts'
import type { StoredClient } from '../clients/stored-clients.ts'
import { readPerson } from '../logins/standing.ts'
import type { Realm } from '../realm/realm.ts'
import { randomToken } from '../secrets/secrets.ts'
import type { Change, Entry, EntryKey } from '../store/store.ts'
import { revokeChosen } from '../logins/end-logins.ts'
import { type ClientProperties, readClientProperties } from '../clients/client-properties.ts'
import { type DescribedClient, describeClient } from './described-client.ts'

/** A client, and a secret that is told this once. */
export interface ClientWithSecret {
  /** The client as it now is. */
  readonly client: DescribedClient
  /** Its new secret, told this once; undefined: it has none, or it stays. */
  readonly secret?: string
}

/**
 * What an operator does with the clients of an issuer. Those that are added here lie in the store, beside those of the configuration
 * file; every instance follows at its next request. Each change leaves an audit line.
 */
export class ClientAdmin {
  readonly #realm: Realm

  constructor(realm: Realm) {
    this.#realm = realm
  }

  /** All clients: of the configuration, kept in the store, and registered by themselves. Throws `undecided`. */
  async list(): Promise<readonly DescribedClient[]> {
    const stored: DescribedClient[] = []
    for (let after = ''; ; ) {
      // oxlint-disable-next-line no-await-in-loop -- page by page
      const page = await this.#realm.store.list<StoredClient>(this.#realm.issuer, 'client', { after })
      if (page.length === 0) break
      after = page.at(-1)!.id
      stored.push(
        ...page.filter(({ id }) => !this.#realm.clients.isConfigured(id)).map((entry) => this.#describe(entry)),
      )
    }
    const configured = this.#realm.clients.configured.map((client) => describeClient(client, 'configuration'))
    return [...configured, ...stored]
  }

  /** One client. Throws `invalid_request` where there is none of this id. */
  async show(clientId: string): Promise<DescribedClient> {
    const configured = this.#realm.clients.configured.find((client) => client.clientId === clientId)
    if (configured) return describeClient(configured, 'configuration')
    return this.#describe(await this.#stored(clientId))
  }

  /**
   * Adds a client to the store, with a new secret unless it shows who it is in another way.
   *
   * Throws `invalid_request` where the id is taken, or a person has it or its `subject`; `config_error` naming the property at fault.
   *
   * @param options - `public`: it has no credentials at all (default: false).
   */
  async add(
    clientId: string,
    properties: ClientProperties,
    options: { readonly public?: boolean } = {},
  ): Promise<ClientWithSecret> {
    const checked = readClientProperties(properties)
    if (clientId.startsWith(REGISTERED_PREFIX))
      throw new InvalidRequestError(
        'invalid_request',
        `ids that begin with ${REGISTERED_PREFIX} are for clients that register themselves`,
      )
    this.#refuseConfigured(clientId)
    const otherwise = checked.jwks !== undefined || (checked.certificates ?? []).length > 0
    const wantsSecret = checked.authMethods?.includes('secret') ?? !(otherwise || options.public)
    const secret = wantsSecret ? this.#newSecret(clientId) : undefined
    const value: ManagedClient = {
      managed: true,
      options: { ...checked, clientId },
      secrets: secret ? [secret.kept] : [],
      createdAt: this.#now(),
    }
    this.#check(value)
    const subjects = await subjectChanges(this.#realm, clientId, [], subjectsOfStored(value))
    if (!(await this.#realm.store.commit([{ insert: { ...this.#key(clientId), value } }, ...subjects]))) {
      if (await this.#realm.store.get(this.#key(clientId)))
        throw new InvalidRequestError('invalid_request', `there is a client ${quote(clientId)} already`)
      throw new InvalidRequestError(
        'invalid_request',
        'somebody else was given the same subject at the same time: look again',
      )
    }
    await this.#audit('client_registered', clientId, Object.keys(checked).join(' '))
    return { client: this.#describe(await this.#stored(clientId)), ...(secret && { secret: secret.text }) }
  }

  /**
   * Changes some properties of a client in the store; of one that registered itself, what an operator allows it beyond its registration.
   *
   * Throws `invalid_request` where there is no such client or the configuration has it, `config_error` naming the property at fault.
   *
   * @param unset - properties that get their default again.
   */
  async update(clientId: string, changes: ClientProperties, unset: readonly string[] = []): Promise<DescribedClient> {
    const checked = readClientProperties(changes)
    const entry = await this.#stored(clientId)
    const without = (old: object): object =>
      Object.fromEntries(Object.entries({ ...old, ...checked }).filter(([key]) => !unset.includes(key)))
    const value: StoredClient =
      'managed' in entry.value
        ? { ...entry.value, options: { ...without(entry.value.options), clientId } }
        : { ...entry.value, approved: without(entry.value.approved ?? {}) }
    this.#check(value)
    const subjects = [subjectsOfStored(entry.value), subjectsOfStored(value)] as const
    await this.#replace(entry, value, await subjectChanges(this.#realm, clientId, ...subjects))
    await this.#audit('client_changed', clientId, [...Object.keys(checked), ...unset.map((key) => `-${key}`)].join(' '))
    return this.#describe({ ...entry, value })
  }

  /**
   * Removes a client from the store, and ends for good what it held: refresh tokens, codes and device logins, its secrets, its registration. A
   * client that is added with the same id later inherits nothing. Access tokens that are out end by themselves; this issuer answers
   * that they are not active. Throws as {@link update}.
   */
  async remove(clientId: string): Promise<void> {
    const { value } = await this.#stored(clientId)
    if (!(await removeClient(this.#realm, clientId)))
      throw new InvalidRequestError('invalid_request', `there is no client ${quote(clientId)}`)
    await this.#audit('client_removed', clientId, 'by an operator')
    const why = { detail: 'its client was removed' }
    await revokeChosen(this.#realm, { client: clientId }, why)
    // What others were given in its own name, by exchange of its tokens.
    for (const subject of subjectsOfStored(value)) {
      // oxlint-disable-next-line no-await-in-loop -- two at most
      if (!(await readPerson(this.#realm, subject)).heldByClient) await revokeChosen(this.#realm, { subject }, why)
    }
  }

  /**
   * Gives a client a new secret, told this once. The old ones end at once, or after `keepOldSeconds`, while the client is being changed.
   *
   * Throws as {@link update}, and `invalid_request` for a client that registered itself.
   */
  async renewSecret(clientId: string, options: { readonly keepOldSeconds?: number } = {}): Promise<ClientWithSecret> {
    const entry = await this.#stored(clientId)
    if (!('managed' in entry.value))
      throw new InvalidRequestError(
        'invalid_request',
        `${clientId} registered itself and registers anew for a new secret`,
      )
    const now = this.#now()
    const { keepOldSeconds = 0 } = options
    const kept = entry.value.secrets
      .map((secret) => ({ ...secret, until: Math.min(secret.until ?? Infinity, now + keepOldSeconds) }))
      .filter(({ until }) => until > now)
    const secret = this.#newSecret(clientId)
    const value = { ...entry.value, secrets: [...kept, secret.kept] }
    await this.#replace(entry, value)
    await this.#audit('client_changed', clientId, `a new secret, ${kept.length} old kept for ${keepOldSeconds} s`)
    return { client: this.#describe({ ...entry, value }), secret: secret.text }
  }

  #refuseConfigured(clientId: string): void {
    if (!this.#realm.clients.isConfigured(clientId)) return
    throw new InvalidRequestError('invalid_request', `${clientId} stands in the configuration file: change it there`)
  }

  async #stored(clientId: string): Promise<Entry<StoredClient>> {
    this.#refuseConfigured(clientId)
    const entry = await this.#realm.store.get<StoredClient>(this.#key(clientId))
    if (!entry) throw new InvalidRequestError('invalid_request', `there is no client ${quote(clientId)}`)
    return entry
  }

  async #replace(entry: Entry, value: StoredClient, more: readonly Change[] = []): Promise<void> {
    if (await this.#realm.store.commit([{ replace: entry, value, expiresAt: entry.expiresAt }, ...more])) return
    throw new InvalidRequestError('invalid_request', `${entry.id} was changed at the same time: look at it again`)
  }

  /** Refused here rather than at every later use. */
  #check(value: StoredClient): Client {
    const { defaults, secrets } = this.#realm
    try {
      if ('managed' in value) return readManagedClient(value, defaults, secrets, this.#now())
      return readClient({ ...value.options, ...value.approved }, defaults, secrets, 'client')
    } catch (error) {
      if (error instanceof ConfigError)
        throw new InvalidRequestError('invalid_request', error.message.replace(/^client\./, ''), { cause: error })
      throw error
    }
  }

  #describe({ value }: Pick<Entry<StoredClient>, 'value'>): DescribedClient {
    let client: Client
    try {
      client = this.#check(value)
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error
      // The configuration has changed since: the others must still be seen, and this one mended.
      const { clientId } = value.options
      const plain = readClient({ clientId }, this.#realm.defaults, this.#realm.secrets, 'client')
      const origin = 'managed' in value ? 'store' : 'registration'
      return { ...describeClient(plain, origin), authMethods: [], grants: [], problem: error.message }
    }
    const secrets = 'managed' in value ? value.secrets.map(({ hash: _, ...secret }) => secret) : []
    const live = secrets.filter(({ until }) => until === undefined || until > this.#now())
    const { createdAt } = value
    if ('managed' in value) return { ...describeClient(client, 'store'), createdAt, secrets: live }
    return {
      ...describeClient(client, 'registration'),
      createdAt,
      active: this.#realm.registration !== undefined,
      approved: value.approved !== undefined,
    }
  }

  #newSecret(clientId: string): { readonly text: string; readonly kept: ManagedSecret } {
    const text = randomToken()
    return { text, kept: { hash: this.#realm.secrets.hash('client-secret', clientId, text), createdAt: this.#now() } }
  }

  #key(id: string): EntryKey {
    return { realm: this.#realm.issuer, kind: 'client', id }
  }

  #now(): number {
    return Math.floor(this.#realm.clock())
  }

  async #audit(event: AuditEvent['event'], client: string, detail: string): Promise<void> {
    await this.#realm.audit.write({ time: this.#now(), event, issuer: this.#realm.issuer, client, detail })
  }
}
