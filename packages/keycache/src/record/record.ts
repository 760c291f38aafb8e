import type { CodeOf, Jwks } from '@scitokens/core'

/** An issuer's keys as they were last confirmed. Times in seconds since the epoch. */
export interface KeyRecord {
  /** The issuer whose keys these are. */
  readonly issuer: string
  /** The key set, with public members only. */
  readonly jwks: Jwks
  /** Where the keys came from; undefined for seeded keys. */
  readonly jwksUri: string | undefined
  /** Validators of the key set's last answer. RFC 9110 section 8.8. */
  readonly etag: string | undefined
  /** The answer's `Last-Modified`; undefined when there was none. */
  readonly lastModified: string | undefined
  /** When the request was made that brought or confirmed this content. */
  readonly fetchedAt: number
  /** Until then the keys are fresh, and cause no traffic. In seconds since the epoch. */
  readonly refreshAt: number
  /** Until then the keys are usable, if the issuer cannot be reached. In seconds since the epoch. */
  readonly expiresAt: number
  /** The number of the attempt that brought it, see {@link StoredIssuer.attempts}. */
  readonly attempt: number
}

/** The last attempt failed. Kept so that callers, also in later processes, are told why, and nobody storms the issuer. */
export interface Trouble {
  /** Attempts failed in a row. */
  readonly failures: number
  /** When it failed, in seconds since the epoch. */
  readonly failedAt: number
  /** No attempt before this time, unless somebody asks by name (`refresh`). */
  readonly retryAt: number
  /** The stable code of the failure. */
  readonly code: CodeOf<'undecided'>
  /** What went wrong, for people: free of secrets and control characters. */
  readonly message: string
}

/** What a store knows of one issuer. */
export interface StoredIssuer {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** Its keys, if there are any. */
  readonly keys: KeyRecord | undefined
  /** Why the last attempt failed; undefined when it did not. */
  readonly trouble: Trouble | undefined
  /** A process is fetching, at the longest until then. */
  readonly leasedUntil: number
  /** Attempts begun so far, by all processes. Orders results where clocks cannot. */
  readonly attempts: number
}

/** An issuer of which nothing is known. */
export function unknownIssuer(issuer: string): StoredIssuer {
  return { issuer, keys: undefined, trouble: undefined, leasedUntil: 0, attempts: 0 }
}
