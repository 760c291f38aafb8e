import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@scitokens/core'
import { guardDatabase } from '@scitokens/host/files'

/**
 * One entry per version, only ever added to. Secrets and tokens are sealed (see `secret-box.ts`); lists are JSON; times are
 * seconds since the epoch.
 */
const MIGRATIONS: readonly string[] = [
  `create table setting (name text primary key, value text not null) strict;
   create table family (
     id integer primary key,
     owner text not null,
     service text not null,
     handle text not null,
     issuer text not null,
     token_endpoint text,
     client_id text not null,
     client_secret blob,
     scopes text not null,
     audience text not null,
     kind text not null check (kind in ('refresh_token', 'client_credentials', 'base_token')),
     secret blob,
     narrowing text not null check (narrowing in ('auto', 'refresh', 'exchange')),
     ended text,
     failures integer not null default 0,
     next_attempt real not null default 0,
     created real not null,
     unique (owner, service, handle)
   ) strict;
   create table token (
     id integer primary key,
     family integer not null references family (id) on delete cascade,
     scopes text not null,
     audience text not null,
     sealed blob,
     issued_at real not null default 0,
     expires_at real not null default 0,
     renew_at real not null default 0,
     kept integer not null default 0,
     unique (family, scopes, audience)
   ) strict;
   create index token_due on token (renew_at) where kept = 1;
   create table delivery (
     file text primary key,
     token integer not null references token (id) on delete cascade,
     uid integer,
     gid integer,
     format text not null check (format in ('bare', 'json'))
   ) strict, without rowid;
   create index delivery_token on delivery (token);`,
  // The manager looks once a second: what is due, or waits, is found without reading what is not.
  `create index token_issued on token (issued_at) where kept = 1;
   create index family_waiting on family (next_attempt) where next_attempt > 0;`,
]

/**
 * What need not survive a power loss, and so costs no write to the disk: which job files this process has written (all are written
 * anew at its start), and who is speaking to an issuer just now (a file that all processes share).
 */
const VOLATILE = `
  create table if not exists leases.lease (family integer primary key, lease text not null, until real not null) strict;
  create table if not exists memory.delivered (file text primary key, issued_at real not null) strict, without rowid;`

/** Attaches the volatile part. A lease file that a power loss has damaged is made anew. */
export function attachVolatile(database: DatabaseSync, leaseFile: string): void {
  database.exec("attach ':memory:' as memory")
  try {
    attachLeases(database, leaseFile)
  } catch (error) {
    if (![NOTADB, CORRUPT].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)) throw error
    const attached = database.prepare("select 1 from pragma_database_list where name = 'leases'").get()
    if (attached) database.exec('detach leases')
    rmSync(leaseFile, { force: true })
    attachLeases(database, leaseFile)
  }
}

function attachLeases(database: DatabaseSync, leaseFile: string): void {
  // What need not last is set aside when others could have written it.
  guardDatabase(leaseFile)
  database.prepare('attach ? as leases').run(leaseFile)
  database.exec('pragma leases.journal_mode = memory; pragma leases.synchronous = off')
  database.exec(VOLATILE)
}

/** SQLite's primary result codes. https://sqlite.org/rescode.html */
export const CORRUPT = 11
export const NOTADB = 26

/** Brings a database to the current version. Throws `config_error` for one from the future. */
export function migrate(database: DatabaseSync): void {
  database.exec('begin immediate')
  try {
    const { user_version: version } = database.prepare('pragma user_version').get() as { user_version: number }
    if (version > MIGRATIONS.length) {
      throw new ConfigError(
        'config_error',
        `the token manager's state is of version ${version}; this program knows ${MIGRATIONS.length}`,
      )
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration)
    database.exec(`pragma user_version = ${MIGRATIONS.length}`)
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
