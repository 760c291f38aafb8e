import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@scitokens/core'

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
     lease text,
     lease_until real not null default 0,
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
     format text not null check (format in ('bare', 'json')),
     delivered real not null default 0
   ) strict, without rowid;
   create index delivery_token on delivery (token);`,
]

/** Brings a database to the current version. Throws `config_error` for one from the future. */
export function migrate(database: DatabaseSync): void {
  database.exec('begin immediate')
  try {
    const { user_version: version } = database.prepare('pragma user_version').get() as { user_version: number }
    if (version > MIGRATIONS.length) {
      throw new ConfigError(
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
