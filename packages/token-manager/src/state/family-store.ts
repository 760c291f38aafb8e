import { given } from '@scitokens/core/internal'
import type { Family, FamilyName, Narrowing } from './family.ts'
import type { SecretBox } from './secret-box.ts'
import type { Row, StateDatabase } from './state-database.ts'
import { placeOf, wantedFrom } from './state-row.ts'

/** A family that is to be stored. */
export type NewFamily = Omit<Family, 'id' | 'ended' | 'failures' | 'nextAttempt'>

/** The logins. Their secrets are sealed, each bound to its own row. To be used inside `StateStore.work`. */
export class FamilyStore {
  readonly #database: StateDatabase
  readonly #box: SecretBox

  constructor(database: StateDatabase, box: SecretBox) {
    this.#database = database
    this.#box = box
  }

  /** Stores a family; a new login replaces the old one and what was had with it. */
  put(family: NewFamily, now: number): Family {
    const { owner, service, handle } = family
    const place = placeOf(family)
    const seal = (secret: string | undefined, what: string): Uint8Array | null =>
      secret === undefined ? null : this.#box.seal(secret, `${place}\0${what}`)
    // At the same issuer, what jobs are supplied with stays, and is renewed from the new login.
    this.#database.run(
      'delete from family where owner = ? and service = ? and handle = ? and issuer <> ?',
      owner,
      service,
      handle,
      family.issuer,
    )
    this.#database.run(
      `insert into family (owner, service, handle, issuer, token_endpoint, client_id, client_secret, scopes, audience, kind, secret, narrowing, created)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (owner, service, handle) do update set
         token_endpoint = excluded.token_endpoint,
         client_id = excluded.client_id, client_secret = excluded.client_secret, scopes = excluded.scopes,
         audience = excluded.audience, kind = excluded.kind, secret = excluded.secret, narrowing = excluded.narrowing,
         ended = null, failures = 0, next_attempt = 0`,
      owner,
      service,
      handle,
      family.issuer,
      family.tokenEndpoint ?? null,
      family.clientId,
      seal(family.clientSecret, 'client'),
      JSON.stringify(family.scopes),
      JSON.stringify(family.audience),
      family.kind,
      seal(family.secret, 'secret'),
      family.narrowing,
      now,
    )
    return this.find(family)!
  }

  find({ owner, service, handle = '' }: FamilyName): Family | undefined {
    const sql = 'select * from family where owner = ? and service = ? and handle = ?'
    const row = this.#database.get(sql, owner, service, handle)
    return row && this.#family(row)
  }

  byId(id: number): Family | undefined {
    const row = this.#database.get('select * from family where id = ?', id)
    return row && this.#family(row)
  }

  /** Those of one owner, or all. */
  list(owner?: string): Family[] {
    const rows =
      owner === undefined
        ? this.#database.all('select * from family order by owner, service, handle')
        : this.#database.all('select * from family where owner = ? order by service, handle', owner)
    return rows.map((row) => this.#family(row))
  }

  /** Forgets a family with its tokens and deliveries. */
  remove(id: number): void {
    this.#database.run('delete from family where id = ?', id)
  }

  /** Keeps a rotated refresh token. Belongs into the transaction that keeps what came with it. */
  keepSecret(family: Family, secret: string): void {
    // A new login that came meanwhile is not overwritten by the last breath of the old one.
    if (this.byId(family.id)?.secret !== family.secret) return
    const sealed = this.#box.seal(secret, `${placeOf(family)}\0secret`)
    this.#database.run('update family set secret = ? where id = ?', sealed, family.id)
  }

  /** The issuer has answered: the failures before it count no more. */
  recordSuccess(id: number): void {
    this.#database.run('update family set failures = 0, next_attempt = 0 where id = ?', id)
  }

  recordFailure(id: number, failures: number, nextAttempt: number): void {
    this.#database.run('update family set failures = ?, next_attempt = ? where id = ?', failures, nextAttempt, id)
  }

  /** Back-off made by a clock that has been set back since must not last for ever. */
  forgetFutureAttempts(latest: number): void {
    this.#database.run('update family set next_attempt = 0 where next_attempt > 0 and next_attempt > ?', latest)
  }

  /** The issuer accepts this refresh token no longer: it is forgotten; what jobs hold is theirs until it expires. */
  end(family: Family, why: string): void {
    // Not the login that replaced it in the meantime.
    if (this.byId(family.id)?.secret !== family.secret) return
    this.#database.run('update family set ended = ?, secret = null where id = ?', why, family.id)
  }

  #family(row: Row): Family {
    const name = { owner: String(row['owner']), service: String(row['service']), handle: String(row['handle']) }
    const place = placeOf(name)
    const open = (column: string, what: string): string | undefined =>
      row[column] === null ? undefined : this.#box.open(row[column] as Uint8Array, `${place}\0${what}`)
    const clientSecret = open('client_secret', 'client')
    return {
      ...name,
      id: Number(row['id']),
      issuer: String(row['issuer']),
      ...(row['token_endpoint'] === null ? {} : { tokenEndpoint: String(row['token_endpoint']) }),
      clientId: String(row['client_id']),
      ...given({ clientSecret }),
      ...wantedFrom(row),
      kind: row['kind'] as Family['kind'],
      secret: open('secret', 'secret'),
      narrowing: row['narrowing'] as Narrowing,
      ended: row['ended'] === null ? undefined : String(row['ended']),
      failures: Number(row['failures']),
      nextAttempt: Number(row['next_attempt']),
    }
  }
}
