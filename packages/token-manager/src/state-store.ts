import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { ConfigError, quote } from '@scitokens/core'
import type { Delivery, DeliveryFormat, Family, FamilyName, HeldToken, Narrowing } from './family.ts'
import type { Grant, Wanted } from './oauth-client.ts'
import { privateFile } from './private-file.ts'
import { attachVolatile, migrate } from './schema.ts'
import type { SecretBox } from './secret-box.ts'
import { guarded, makePrivateDirectory } from './state-directory.ts'

/** Name of the state file in its directory. */
const STATE_FILE = 'token-manager.sqlite'

/** A family that is to be stored. */
export type NewFamily = Omit<Family, 'id' | 'ended' | 'failures' | 'nextAttempt'>

/** What an issuer gave, and when it is to be renewed. */
export interface NewGrant {
  readonly family: Family
  readonly wanted: Wanted
  readonly grant: Grant
  readonly renewAt: number
}

/** A token whose time has come. */
export interface DueToken {
  readonly familyId: number
  readonly issuer: string
  readonly wanted: Wanted
}

type Row = Record<string, SQLOutputValue>

/**
 * Everything the manager must not forget, in one SQLite file (0600, in a directory 0700) with a rollback journal and full
 * synchronisation: a change is on the disk before anybody is told of it. Secrets are sealed.
 *
 * A full or broken disk is `undecided`; a foreign file or key is `config_error`.
 */
export class StateStore {
  readonly #database: DatabaseSync
  readonly #box: SecretBox
  readonly #statements = new Map<string, StatementSync>()

  constructor(directory: string, box: SecretBox) {
    this.#box = box
    makePrivateDirectory(directory)
    const file = join(directory, STATE_FILE)
    this.#database = guarded(() => {
      const database = new DatabaseSync(privateFile(file), { timeout: 10_000, enableForeignKeyConstraints: true })
      // Home directories may be NFS, where WAL breaks; FULL: a rotated refresh token must survive a power loss.
      database.exec('pragma journal_mode = delete; pragma synchronous = full; pragma secure_delete = on')
      migrate(database)
      attachVolatile(database, join(directory, 'leases.sqlite'))
      return database
    })
    this.#checkKey(directory)
  }

  /** Stores a family; a new login replaces the old one and what was had with it. */
  putFamily(family: NewFamily, now: number): Family {
    const { owner, service, handle } = family
    const place = placeOf(family)
    return this.#transaction(() => {
      // At the same issuer, what jobs are supplied with stays, and is renewed from the new login.
      this.#run(
        'delete from family where owner = ? and service = ? and handle = ? and issuer <> ?',
        owner,
        service,
        handle,
        family.issuer,
      )
      this.#run(
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
        family.clientSecret === undefined ? null : this.#box.seal(family.clientSecret, `${place}\0client`),
        JSON.stringify(family.scopes),
        JSON.stringify(family.audience),
        family.kind,
        family.secret === undefined ? null : this.#box.seal(family.secret, `${place}\0secret`),
        family.narrowing,
        now,
      )
      return this.findFamily(family)!
    })
  }

  findFamily({ owner, service, handle = '' }: FamilyName): Family | undefined {
    const row = this.#get('select * from family where owner = ? and service = ? and handle = ?', owner, service, handle)
    return row && this.#family(row)
  }

  familyById(id: number): Family | undefined {
    const row = this.#get('select * from family where id = ?', id)
    return row && this.#family(row)
  }

  listFamilies(owner?: string): Family[] {
    const rows =
      owner === undefined
        ? this.#all('select * from family order by owner, service, handle')
        : this.#all('select * from family where owner = ? order by service, handle', owner)
    return rows.map((row) => this.#family(row))
  }

  /** Forgets a family with its tokens and deliveries. */
  removeFamily(id: number): void {
    this.#run('delete from family where id = ?', id)
  }

  /**
   * Takes the right to speak to the issuer for a family, over all processes. A lease ends by itself, so a killed process
   * blocks nobody for long, nor does a clock that was set back.
   *
   * @returns the lease, or undefined while somebody else has it.
   */
  acquireLease(id: number, now: number, seconds: number): string | undefined {
    const lease = randomUUID()
    const taken = this.#run(
      `insert into leases.lease (family, lease, until) values (?, ?, ?) on conflict (family) do update
       set lease = excluded.lease, until = excluded.until where until <= ? or until > ?`,
      id,
      lease,
      now + seconds,
      now,
      now + 2 * seconds,
    )
    return taken === 1 ? lease : undefined
  }

  releaseLease(id: number, lease: string): void {
    this.#run('delete from leases.lease where family = ? and lease = ?', id, lease)
  }

  /**
   * Keeps what an issuer gave, the rotated refresh tokens and the access tokens in one step: as many as there are, since each step
   * waits for the disk.
   */
  saveGrants(grants: readonly NewGrant[]): HeldToken[] {
    return this.#transaction(() => grants.map((grant) => this.#saveGrant(grant)))
  }

  #saveGrant({ family, wanted, grant, renewAt }: NewGrant): HeldToken {
    if (family.kind === 'refresh_token' && grant.refreshToken !== undefined) {
      const sealed = this.#box.seal(grant.refreshToken, `${placeOf(family)}\0secret`)
      // A new login that came meanwhile is not overwritten by the last breath of the old one.
      if (this.familyById(family.id)?.secret === family.secret) {
        this.#run('update family set secret = ? where id = ?', sealed, family.id)
      }
    }
    this.#run('update family set failures = 0, next_attempt = 0 where id = ?', family.id)
    const scopes = JSON.stringify(wanted.scopes)
    const audience = JSON.stringify(wanted.audience)
    this.#run(
      `insert into token (family, scopes, audience, sealed, issued_at, expires_at, renew_at) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (family, scopes, audience) do update set sealed = excluded.sealed, issued_at = excluded.issued_at,
         expires_at = excluded.expires_at, renew_at = excluded.renew_at`,
      family.id,
      scopes,
      audience,
      this.#box.seal(grant.accessToken, `${placeOf(family)}\0token\0${scopes}\0${audience}`),
      grant.issuedAt,
      grant.expiresAt,
      renewAt,
    )
    return this.findToken(family, wanted)!
  }

  findToken(family: Family, { scopes, audience }: Wanted): HeldToken | undefined {
    const row = this.#get(
      'select * from token where family = ? and scopes = ? and audience = ?',
      family.id,
      JSON.stringify(scopes),
      JSON.stringify(audience),
    )
    return row && this.#token(row, family)
  }

  tokensOf(family: Family): HeldToken[] {
    return this.#all('select * from token where family = ?', family.id).map((row) => this.#token(row, family))
  }

  /** Marks a token to be renewed without being asked for; makes its place if it was never had. */
  keepToken(family: Family, { scopes, audience }: Wanted): HeldToken {
    this.#run(
      `insert into token (family, scopes, audience, kept) values (?, ?, ?, 1)
       on conflict (family, scopes, audience) do update set kept = 1`,
      family.id,
      JSON.stringify(scopes),
      JSON.stringify(audience),
    )
    return this.findToken(family, { scopes, audience })!
  }

  /** Ends the keeping of tokens that no file is made from any more. */
  releaseUndelivered(): number {
    return this.#run('update token set kept = 0 where kept = 1 and id not in (select token from delivery)')
  }

  /**
   * Kept tokens whose time has come, and whose family may be asked. A token from the future (the clock was set back) is due
   * as well: when it really expires is no longer known.
   */
  dueTokens(now: number, limit: number, exceptIssuers: readonly string[] = []): DueToken[] {
    const rows = this.#all(
      `select token.family, family.issuer, token.scopes, token.audience from token join family on family.id = token.family
       where kept = 1 and ended is null and next_attempt <= ?1 and (renew_at <= ?1 or issued_at > ?1 + 60)
         and issuer not in (select value from json_each(?3))
       order by renew_at limit ?2`,
      now,
      limit,
      JSON.stringify(exceptIssuers),
    )
    return rows.map((row) => ({
      familyId: Number(row['family']),
      issuer: String(row['issuer']),
      wanted: wantedOf(row),
    }))
  }

  /** A note that must survive, such as what was imported from where. */
  getSetting(name: string): string | undefined {
    const row = this.#get('select value from setting where name = ?', name)
    return row && String(row['value'])
  }

  putSetting(name: string, value: string | undefined): void {
    if (value === undefined) this.#run('delete from setting where name = ?', name)
    else
      this.#run(
        'insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
        name,
        value,
      )
  }

  countKept(): number {
    return Number(this.#get('select count(*) as n from token where kept = 1')!['n'])
  }

  recordFailure(id: number, failures: number, nextAttempt: number): void {
    this.#run('update family set failures = ?, next_attempt = ? where id = ?', failures, nextAttempt, id)
  }

  /** Back-off made by a clock that has been set back since must not last for ever. */
  forgetFutureAttempts(latest: number): void {
    this.#run('update family set next_attempt = 0 where next_attempt > ?', latest)
  }

  /** The issuer accepts this refresh token no longer: it is forgotten; what jobs hold is theirs until it expires. */
  endFamily(family: Family, why: string): void {
    this.#transaction(() => {
      // Not the login that replaced it in the meantime.
      if (this.familyById(family.id)?.secret !== family.secret) return
      this.#run('update family set ended = ?, secret = null where id = ?', why, family.id)
    })
  }

  putDelivery({ file, tokenId, uid, gid, format }: Delivery): void {
    this.#run(
      `insert into delivery (file, token, uid, gid, format) values (?, ?, ?, ?, ?)
       on conflict (file) do update set token = excluded.token, uid = excluded.uid, gid = excluded.gid, format = excluded.format`,
      file,
      tokenId,
      uid ?? null,
      gid ?? null,
      format,
    )
  }

  removeDelivery(file: string): boolean {
    return this.#run('delete from delivery where file = ?', file) === 1
  }

  deliveryOf(file: string): Delivery | undefined {
    const row = this.#get('select * from delivery where file = ?', file)
    return row && deliveryFrom(row)
  }

  /** Deliveries to a directory and what lies below, with the names of their logins. */
  deliveriesBelow(directory: string): (Required<FamilyName> & { readonly file: string })[] {
    const rows = this.#all(
      `select file, owner, service, handle from delivery join token on token.id = delivery.token
       join family on family.id = token.family where substr(file, 1, ?) = ?`,
      directory.length + 1,
      `${directory}/`,
    )
    return rows.map((row) => ({
      file: String(row['file']),
      owner: String(row['owner']),
      service: String(row['service']),
      handle: String(row['handle']),
    }))
  }

  /** Files that do not hold the newest token yet. */
  undelivered(tokenId?: number): Delivery[] {
    const which = tokenId === undefined ? 'sealed is not null' : 'token.id = ?'
    const rows = this.#all(
      `select delivery.* from delivery join token on token.id = delivery.token
       left join memory.delivered on delivered.file = delivery.file
       where ${which} and delivered.issued_at is not token.issued_at`,
      ...(tokenId === undefined ? [] : [tokenId]),
    )
    return rows.map(deliveryFrom)
  }

  tokenById(id: number): HeldToken | undefined {
    const row = this.#get('select * from token where id = ?', id)
    const family = row && this.familyById(Number(row['family']))
    return family && this.#token(row, family)
  }

  markDelivered(file: string, issuedAt: number): void {
    this.#run('insert or replace into memory.delivered (file, issued_at) values (?, ?)', file, issuedAt)
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #checkKey(directory: string): void {
    this.#run("insert or ignore into setting (name, value) values ('key', ?)", this.#box.keyId)
    const stored = this.#get("select value from setting where name = 'key'")!['value']
    if (stored === this.#box.keyId) return
    this.close()
    throw new ConfigError(`the state in ${quote(directory)} is encrypted with another key than the one given`)
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
      ...(clientSecret === undefined ? {} : { clientSecret }),
      ...wantedOf(row),
      kind: row['kind'] as Family['kind'],
      secret: open('secret', 'secret'),
      narrowing: row['narrowing'] as Narrowing,
      ended: row['ended'] === null ? undefined : String(row['ended']),
      failures: Number(row['failures']),
      nextAttempt: Number(row['next_attempt']),
    }
  }

  #token(row: Row, family: Family): HeldToken {
    const place = `${placeOf(family)}\0token\0${String(row['scopes'])}\0${String(row['audience'])}`
    return {
      id: Number(row['id']),
      familyId: family.id,
      ...wantedOf(row),
      token: row['sealed'] === null ? undefined : this.#box.open(row['sealed'] as Uint8Array, place),
      issuedAt: Number(row['issued_at']),
      expiresAt: Number(row['expires_at']),
      renewAt: Number(row['renew_at']),
      kept: row['kept'] === 1,
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return guarded(() => Number(this.#statement(sql).run(...values).changes))
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return guarded(() => this.#statement(sql).get(...values))
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return guarded(() => this.#statement(sql).all(...values))
  }

  #transaction<T>(work: () => T): T {
    return guarded(() => {
      this.#database.exec('begin immediate')
      try {
        const result = work()
        this.#database.exec('commit')
        return result
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('rollback')
        throw error
      }
    })
  }
}

/** What a sealed text belongs to: it cannot be moved to another user's row. */
function placeOf({ owner, service, handle }: Required<FamilyName>): string {
  return [owner, service, handle].join('\0')
}

function wantedOf(row: Row): Wanted {
  return {
    scopes: JSON.parse(String(row['scopes'])) as string[],
    audience: JSON.parse(String(row['audience'])) as string[],
  }
}

function deliveryFrom(row: Row): Delivery {
  return {
    file: String(row['file']),
    tokenId: Number(row['token']),
    uid: row['uid'] === null ? undefined : Number(row['uid']),
    gid: row['gid'] === null ? undefined : Number(row['gid']),
    format: row['format'] as DeliveryFormat,
  }
}
