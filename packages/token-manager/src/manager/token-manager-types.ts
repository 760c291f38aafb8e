import type { Clock } from '@scitokens/core'
import type { DeliveryFormat, FamilyKind, FamilyName, Narrowing } from '../state/family.ts'
import type { OAuthClient, Wanted } from '../oauth/oauth-client.ts'
import type { Random } from '@scitokens/core/internal'

/** Options of {@link TokenManager.open}. */
export interface TokenManagerOptions {
  /** Directory of the state, 0700; made when it is missing. */
  readonly stateDirectory: string
  /** The key that encrypts what is stored. Default: `key` in the state directory; made (0600) when it is missing. */
  readonly keyFile?: string
  /** Speaks to issuers. Default: one on `node:https`. */
  readonly oauth?: OAuthClient
  readonly clock?: Clock
  /** For jitter. Default: `Math.random`. */
  readonly random?: Random
}

/** A login that is to be kept. */
export interface Enrolment extends FamilyName, Partial<Wanted> {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
  /** Instead of the one in the issuer's metadata. */
  readonly tokenEndpoint?: string
  /** Default: `refresh_token` where a secret is given, else `client_credentials`. */
  readonly kind?: FamilyKind
  /** The refresh token, or the base token with its key. */
  readonly secret?: string
  /** Default: `auto`. */
  readonly narrowing?: Narrowing
}

/** A wish for an access token. */
export interface TokenRequest extends FamilyName, Partial<Wanted> {
  /** Seconds that the token must still live; a shorter one is renewed. Default: 60, as htgettoken's `--minsecs`. */
  readonly minLifetime?: number
  /** Ends this caller's wait. */
  readonly signal?: AbortSignal
}

/** An access token for a job or a person. There is nothing else in it. */
export interface AccessToken {
  readonly token: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Seconds since the epoch. */
  readonly issuedAt: number
}

/** A file that is to hold a fresh token for as long as it is wanted. */
export interface DeliveryRequest extends FamilyName, Partial<Wanted> {
  /** Absolute path; its directory must exist. */
  readonly file: string
  /** Owner of the file. Default: this process. */
  readonly uid?: number
  readonly gid?: number
  /** Default: `bare`. */
  readonly format?: DeliveryFormat
}

/** What may be told about a login. */
export interface FamilyStatus extends Required<FamilyName>, Wanted {
  readonly issuer: string
  readonly kind: FamilyKind
  readonly ended: string | undefined
  readonly failures: number
  readonly nextAttempt: number
}
