import type { Clock } from '@scitokens/core'
import {
  type DeliveryFormat,
  type FamilyKind,
  type FamilyName,
  NAME_READERS,
  type Narrowing,
  WANTED_READERS,
} from '../state/family.ts'
import type { OAuthClient, Wanted } from '../oauth/oauth-client.ts'
import {
  callable,
  choice,
  having,
  number,
  type OptionReaders,
  type Random,
  text,
  whole,
} from '@scitokens/core/internal'

/** Options of {@link TokenManager.open}. */
export interface TokenManagerOptions {
  /** Directory of the state, 0700; made when it is missing. */
  readonly stateDirectory: string
  /** The key that encrypts what is stored. Default: `key` in the state directory; made (0600) when it is missing. */
  readonly keyFile?: string
  /** Speaks to issuers. Default: one on `node:https`. */
  readonly oauth?: OAuthClient
  /** Tells the time, in seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
  /** Draws numbers from 0 to 1, for jitter. Default: `Math.random`. */
  readonly random?: Random
}

/** How the options of {@link TokenManagerOptions} are read. */
export const MANAGER_READERS: OptionReaders<TokenManagerOptions> = {
  stateDirectory: text,
  keyFile: text,
  oauth: having<OAuthClient>('refresh', 'an OAuthClient'),
  clock: callable<Clock>(),
  random: callable<Random>(),
}

/** A login that is to be kept. */
export interface Enrolment extends FamilyName, Partial<Wanted> {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** Name of the client at the issuer. */
  readonly clientId: string
  /** Secret of the client. Default: a client without one. */
  readonly clientSecret?: string
  /** Where tokens come from. Default: as the issuer's metadata says. */
  readonly tokenEndpoint?: string
  /** What the login lives on. Default: `refresh_token` where a secret is given, else `client_credentials`. */
  readonly kind?: FamilyKind
  /** The refresh token, or the base token with its key. Default: none, for `client_credentials`. */
  readonly secret?: string
  /** How a token for less than everything is had. Default: `auto`. */
  readonly narrowing?: Narrowing
}

/** How an {@link Enrolment} is read. */
export const ENROLMENT_READERS: OptionReaders<Enrolment> = {
  ...NAME_READERS,
  ...WANTED_READERS,
  issuer: text,
  clientId: text,
  clientSecret: text,
  tokenEndpoint: text,
  kind: choice('refresh_token', 'client_credentials', 'base_token'),
  secret: text,
  narrowing: choice('auto', 'refresh', 'exchange'),
}

/** A wish for an access token. */
export interface TokenRequest extends FamilyName, Partial<Wanted> {
  /** Seconds that the token must still live; a shorter one is renewed. Default: 60, as htgettoken's `--minsecs`. */
  readonly minLifetime?: number
  /** Ends this caller's wait with `aborted`. Default: nothing does. */
  readonly signal?: AbortSignal
}

/** How a {@link TokenRequest} is read. */
export const REQUEST_READERS: OptionReaders<TokenRequest> = {
  ...NAME_READERS,
  ...WANTED_READERS,
  minLifetime: number(0, Number.MAX_SAFE_INTEGER, 'seconds'),
  signal: having<AbortSignal>('addEventListener', 'an AbortSignal'),
}

/** An access token for a job or a person. There is nothing else in it. */
export interface AccessToken {
  /** The access token, as it is sent to a server. */
  readonly token: string
  /** When it expires, in seconds since the epoch. */
  readonly expiresAt: number
  /** When it was issued, in seconds since the epoch. */
  readonly issuedAt: number
}

/** A file that is to hold a fresh token for as long as it is wanted. */
export interface DeliveryRequest extends FamilyName, Partial<Wanted> {
  /** Absolute path; its directory must exist. */
  readonly file: string
  /** Owner of the file, by user id. Default: this process's. */
  readonly uid?: number
  /** Group of the file. Default: that of this process. */
  readonly gid?: number
  /** How the token is written in the file. Default: `bare`. */
  readonly format?: DeliveryFormat
}

/** The largest user id there is; the one behind it means "no user". */
const MAX_ID = 0xffff_fffe

/** How a {@link DeliveryRequest} is read. */
export const DELIVERY_READERS: OptionReaders<DeliveryRequest> = {
  ...NAME_READERS,
  ...WANTED_READERS,
  file: text,
  uid: whole(0, MAX_ID, 'user id'),
  gid: whole(0, MAX_ID, 'group id'),
  format: choice('bare', 'json'),
}

/** What may be told about a login. */
export interface FamilyStatus extends Required<FamilyName>, Wanted {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** What the login lives on. */
  readonly kind: FamilyKind
  /** Why it can no longer be renewed; undefined while it can. */
  readonly ended: string | undefined
  /** Attempts failed in a row. */
  readonly failures: number
  /** Before this time the issuer is not asked, in seconds since the epoch. */
  readonly nextAttempt: number
}
