import type { Delivery, DeliveryFormat, FamilyName } from './family.ts'
import type { Row, StateDatabase } from './state-database.ts'

/** The files that jobs read, each made from one token. */
export class DeliveryStore {
  readonly #database: StateDatabase

  constructor(database: StateDatabase) {
    this.#database = database
  }

  put({ file, tokenId, uid, gid, format }: Delivery): void {
    this.#database.run(
      `insert into delivery (file, token, uid, gid, format) values (?, ?, ?, ?, ?)
       on conflict (file) do update set token = excluded.token, uid = excluded.uid, gid = excluded.gid, format = excluded.format`,
      file,
      tokenId,
      uid ?? null,
      gid ?? null,
      format,
    )
  }

  /** Answers whether it was known. */
  remove(file: string): boolean {
    return this.#database.run('delete from delivery where file = ?', file) === 1
  }

  find(file: string): Delivery | undefined {
    const row = this.#database.get('select * from delivery where file = ?', file)
    return row && deliveryFrom(row)
  }

  /** Deliveries to a directory and what lies below, with the names of their logins. */
  below(directory: string): (Required<FamilyName> & { readonly file: string })[] {
    const rows = this.#database.all(
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
    const rows = this.#database.all(
      `select delivery.* from delivery join token on token.id = delivery.token
       left join memory.delivered on delivered.file = delivery.file
       where ${which} and delivered.issued_at is not token.issued_at`,
      ...(tokenId === undefined ? [] : [tokenId]),
    )
    return rows.map(deliveryFrom)
  }

  /** This process has written the file. */
  markDelivered(file: string, issuedAt: number): void {
    this.#database.run('insert or replace into memory.delivered (file, issued_at) values (?, ?)', file, issuedAt)
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
