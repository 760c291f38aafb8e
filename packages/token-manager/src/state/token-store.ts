import type { Family, HeldToken } from './family.ts'
import type { FamilyStore } from './family-store.ts'
import type { Grant, Wanted } from '../oauth/oauth-client.ts'
import type { SecretBox } from './secret-box.ts'
import type { Row, StateDatabase } from './state-database.ts'
import { placeOf, wantedFrom } from './state-row.ts'

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

/** The access tokens that were had, sealed, and which of them are kept fresh. To be used inside `StateStore.work`. */
export class TokenStore {
  readonly #database: StateDatabase
  readonly #box: SecretBox
  readonly #families: FamilyStore
  readonly #renewed = new Set<number>()

  constructor(database: StateDatabase, box: SecretBox, families: FamilyStore) {
    this.#database = database
    this.#box = box
    this.#families = families
  }

  /**
   * Keeps what an issuer gave, the rotated refresh tokens and the access tokens in one step: as many as there are, since each step
   * waits for the disk.
   */
  saveGrants(grants: readonly NewGrant[]): HeldToken[] {
    return grants.map((grant) => this.#saveGrant(grant))
  }

  /** Notes that tokens are on the disk, for {@link takeRenewed}. */
  noteRenewed(tokens: readonly HeldToken[]): void {
    for (const { id } of tokens) this.#renewed.add(id)
  }

  /** The tokens that this process has renewed since the last call: whoever has files made from them. */
  takeRenewed(): number[] {
    const renewed = [...this.#renewed]
    this.#renewed.clear()
    return renewed
  }

  #saveGrant({ family, wanted, grant, renewAt }: NewGrant): HeldToken {
    if (family.kind === 'refresh_token' && grant.refreshToken !== undefined) {
      this.#families.keepSecret(family, grant.refreshToken)
    }
    this.#families.recordSuccess(family.id)
    const { scopes, audience } = asText(wanted)
    this.#database.run(
      `insert into token (family, scopes, audience, sealed, issued_at, expires_at, renew_at) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (family, scopes, audience) do update set sealed = excluded.sealed, issued_at = excluded.issued_at,
         expires_at = excluded.expires_at, renew_at = excluded.renew_at`,
      family.id,
      scopes,
      audience,
      this.#box.seal(grant.accessToken, tokenPlace(family, scopes, audience)),
      grant.issuedAt,
      grant.expiresAt,
      renewAt,
    )
    return this.find(family, wanted)!
  }

  find(family: Family, wanted: Wanted): HeldToken | undefined {
    const { scopes, audience } = asText(wanted)
    const sql = 'select * from token where family = ? and scopes = ? and audience = ?'
    const row = this.#database.get(sql, family.id, scopes, audience)
    return row && this.#token(row, family)
  }

  byId(id: number): HeldToken | undefined {
    const row = this.#database.get('select * from token where id = ?', id)
    const family = row && this.#families.byId(Number(row['family']))
    return family && this.#token(row, family)
  }

  /** Marks a token to be renewed without being asked for; makes its place if it was never had. */
  keep(family: Family, wanted: Wanted): HeldToken {
    const { scopes, audience } = asText(wanted)
    this.#database.run(
      `insert into token (family, scopes, audience, kept) values (?, ?, ?, 1)
       on conflict (family, scopes, audience) do update set kept = 1`,
      family.id,
      scopes,
      audience,
    )
    return this.find(family, wanted)!
  }

  countKept(): number {
    return Number(this.#database.get('select count(*) as n from token where kept = 1')!['n'])
  }

  /** Ends the keeping of tokens that no file is made from any more. */
  releaseUndelivered(): number {
    return this.#database.run('update token set kept = 0 where kept = 1 and id not in (select token from delivery)')
  }

  /**
   * Kept tokens whose time has come, and whose family may be asked. A token from the future (the clock was set back) is due
   * as well: when it really expires is no longer known.
   */
  due(now: number, limit: number, exceptIssuers: readonly string[] = []): DueToken[] {
    const rows = this.#database.all(
      `select token.family, family.issuer, token.scopes, token.audience from token join family on family.id = token.family
       where token.id in (select id from token where kept = 1 and renew_at <= ?1 union all
                          select id from token where kept = 1 and issued_at > ?1 + 60)
         and ended is null and next_attempt <= ?1 and issuer not in (select value from json_each(?3))
       order by renew_at limit ?2`,
      now,
      limit,
      JSON.stringify(exceptIssuers),
    )
    return rows.map((row) => ({
      familyId: Number(row['family']),
      issuer: String(row['issuer']),
      wanted: wantedFrom(row),
    }))
  }

  #token(row: Row, family: Family): HeldToken {
    const place = tokenPlace(family, String(row['scopes']), String(row['audience']))
    return {
      id: Number(row['id']),
      familyId: family.id,
      ...wantedFrom(row),
      token: row['sealed'] === null ? undefined : this.#box.open(row['sealed'] as Uint8Array, place),
      issuedAt: Number(row['issued_at']),
      expiresAt: Number(row['expires_at']),
      renewAt: Number(row['renew_at']),
      kept: row['kept'] === 1,
    }
  }
}

function asText({ scopes, audience }: Wanted): { readonly scopes: string; readonly audience: string } {
  return { scopes: JSON.stringify(scopes), audience: JSON.stringify(audience) }
}

function tokenPlace(family: Family, scopes: string, audience: string): string {
  return `${placeOf(family)}\0token\0${scopes}\0${audience}`
}
