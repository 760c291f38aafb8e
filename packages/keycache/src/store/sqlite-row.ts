import { type CodeOf, ERROR_FAMILIES, type Jwks } from '@scitokens/core'
import type { KeyRecord, StoredIssuer, Trouble } from '../record/record.ts'

/** The columns of table `issuer`, one row each. */
export interface Row {
  readonly issuer: string
  readonly jwks: string | null
  readonly jwks_uri: string | null
  readonly etag: string | null
  readonly last_modified: string | null
  readonly fetched_at: number | null
  readonly refresh_at: number | null
  readonly expires_at: number | null
  readonly attempt: number | null
  readonly failures: number
  readonly failed_at: number | null
  readonly retry_at: number | null
  readonly error_code: string | null
  readonly error_message: string | null
  readonly leased_until: number
  readonly attempts: number
}

/** Their names, in the order of the table. */
export const COLUMNS: readonly (keyof Row)[] = [
  'issuer',
  'jwks',
  'jwks_uri',
  'etag',
  'last_modified',
  'fetched_at',
  'refresh_at',
  'expires_at',
  'attempt',
  'failures',
  'failed_at',
  'retry_at',
  'error_code',
  'error_message',
  'leased_until',
  'attempts',
]

/** The row that keeps a state. */
export function rowOf({ issuer, keys, trouble, leasedUntil, attempts }: StoredIssuer): Row {
  return {
    issuer,
    jwks: keys ? JSON.stringify(keys.jwks) : null,
    jwks_uri: keys?.jwksUri ?? null,
    etag: keys?.etag ?? null,
    last_modified: keys?.lastModified ?? null,
    fetched_at: keys?.fetchedAt ?? null,
    refresh_at: keys?.refreshAt ?? null,
    expires_at: keys?.expiresAt ?? null,
    attempt: keys?.attempt ?? null,
    failures: trouble?.failures ?? 0,
    failed_at: trouble?.failedAt ?? null,
    retry_at: trouble?.retryAt ?? null,
    error_code: trouble?.code ?? null,
    error_message: trouble?.message ?? null,
    leased_until: leasedUntil,
    attempts,
  }
}

/** The state that a row keeps. */
export function readRow(row: Row): StoredIssuer {
  const { issuer, leased_until: leasedUntil, attempts } = row
  return { issuer, keys: readKeys(row), trouble: readTrouble(row), leasedUntil, attempts }
}

/** A row whose document is no JSON has no keys: they will be fetched again. */
function readKeys(row: Row): KeyRecord | undefined {
  const { jwks, fetched_at: fetchedAt, refresh_at: refreshAt, expires_at: expiresAt } = row
  if (jwks === null || fetchedAt === null || refreshAt === null || expiresAt === null) return undefined
  try {
    return {
      issuer: row.issuer,
      jwks: JSON.parse(jwks) as Jwks,
      jwksUri: row.jwks_uri ?? undefined,
      etag: row.etag ?? undefined,
      lastModified: row.last_modified ?? undefined,
      fetchedAt,
      refreshAt,
      expiresAt,
      attempt: row.attempt ?? 0,
    }
  } catch {
    return undefined
  }
}

function readTrouble(row: Row): Trouble | undefined {
  const { failures, failed_at: failedAt, retry_at: retryAt, error_code: code, error_message: message } = row
  if (failedAt === null || retryAt === null) return undefined
  // A failure that is kept is one of "we could not decide"; no row makes another of it.
  const known = isUndecided(code) ? code : 'issuer_unavailable'
  return { failures, failedAt, retryAt, code: known, message: message ?? '' }
}

function isUndecided(code: unknown): code is CodeOf<'undecided'> {
  return typeof code === 'string' && (ERROR_FAMILIES as Readonly<Record<string, string>>)[code] === 'undecided'
}
