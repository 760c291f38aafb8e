import { ConfigError, parseScopes, TokenNotAcceptableError } from '@scitokens/core'
import { listOf, type OptionReaders, quote, type Reader, text, wrong } from '@scitokens/core/internal'
import type { ClientIdentity, Wanted } from '../oauth/oauth-client.ts'

/** Names one login: whose, at which service, and which of several there. */
export interface FamilyName {
  /** The user whose login it is. */
  readonly owner: string
  /** The service that it is for: letters, digits and hyphens. */
  readonly service: string
  /** Tells several logins at one service apart: letters, digits and hyphens. Default: the empty string. */
  readonly handle?: string
}

/** What a family lives on. */
export type FamilyKind = 'refresh_token' | 'client_credentials' | 'base_token'

/** How an access token for less than everything is had. `auto`: by exchange where the issuer offers it to us, else by refresh. */
export type Narrowing = 'auto' | 'refresh' | 'exchange'

/** One login of one user: everything that descends from one refresh token, client or base token. */
export interface Family extends Required<FamilyName>, ClientIdentity, Wanted {
  /** Number of the login in the state. */
  readonly id: number
  /** What the login lives on. */
  readonly kind: FamilyKind
  /** The refresh token, or the base token with its key. Never leaves the manager. */
  readonly secret: string | undefined
  /** How a token for less than everything is had. */
  readonly narrowing: Narrowing
  /** Why it can no longer be renewed, if so. */
  readonly ended: string | undefined
  /** Attempts failed in a row. */
  readonly failures: number
  /** Before this time nothing is asked of the issuer; in seconds since the epoch. */
  readonly nextAttempt: number
}

/** An access token that was had, and when it is to be renewed. */
export interface HeldToken extends Wanted {
  /** Number of the token in the state. */
  readonly id: number
  /** Number of the login that it comes from. */
  readonly familyId: number
  /** The access token; undefined until it was had for the first time. */
  readonly token: string | undefined
  /** When it was issued, in seconds since the epoch. */
  readonly issuedAt: number
  /** When it expires, in seconds since the epoch. */
  readonly expiresAt: number
  /** When it is renewed, in seconds since the epoch. */
  readonly renewAt: number
  /** Whether it is renewed without being asked for, as jobs live on it. */
  readonly kept: boolean
}

/** A file that a job reads. */
export interface Delivery {
  /** Absolute path of the file. */
  readonly file: string
  /** Which token is kept fresh in it. */
  readonly tokenId: number
  /** Owner of the file; undefined for this process. */
  readonly uid: number | undefined
  /** Group of the file; undefined for that of this process. */
  readonly gid: number | undefined
  /** How the token is written in it. */
  readonly format: DeliveryFormat
}

/** `bare`: the token and a newline, as bearer token discovery reads it; `json`: as HTCondor's credmons write it. */
export type DeliveryFormat = 'bare' | 'json'

const readName: Reader<string> = (value, at) => (value === '' ? '' : text(value, at))

/** How the parts of a {@link FamilyName} are read; what they may consist of, {@link checkFamilyName} tells. */
export const NAME_READERS: OptionReaders<FamilyName> = { owner: readName, service: readName, handle: readName }

/** How the parts of a {@link Wanted} are read; empty lists mean what they say. */
export const WANTED_READERS: OptionReaders<Wanted> = {
  scopes: listOf(text, { empty: true }),
  audience: listOf(text, { empty: true }),
}

// HTCondor's rule, kept everywhere so that a name is a file name: letters, digits, hyphen; the underscore starts the handle.
const SERVICE = /^[A-Za-z0-9-]{1,64}$/
const HANDLE = /^[A-Za-z0-9-]{0,64}$/
// POSIX user names, and the domain that HTCondor may append. No path can be made of it.
const OWNER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,63})?$/

/** Checks a name. Throws `config_error`. */
export function checkFamilyName({ owner, service, handle = '' }: FamilyName): Required<FamilyName> {
  for (const [name, value] of Object.entries({ owner, service }))
    if (value === undefined) throw wrong(name, 'a name', value)
  if (!OWNER.test(owner) || owner.includes('..'))
    throw new ConfigError('config_error', `${quote(owner)} is no user name`)
  if (!SERVICE.test(service)) {
    throw new ConfigError('config_error', `${quote(service)} is no service name: letters, digits and hyphens`)
  }
  if (!HANDLE.test(handle))
    throw new ConfigError('config_error', `${quote(handle)} is no handle: letters, digits and hyphens`)
  return { owner, service, handle }
}

/** Brings what is wanted into one form, so that the same wish is the same token. Throws `config_error`. */
export function checkWanted({ scopes, audience }: Wanted): Wanted {
  const words = scopes.flatMap((scope) => scope.split(' ')).filter(Boolean)
  try {
    if (words.length > 0) parseScopes(words.join(' '))
  } catch (error) {
    if (error instanceof TokenNotAcceptableError)
      throw new ConfigError(error.code, error.message, { claim: 'scope', cause: error })
    throw error
  }
  if (audience.some((name) => !/^[\x21-\x7e]+$/.test(name)))
    throw new ConfigError('config_error', 'an audience has no spaces')
  return { scopes: [...new Set(words)].toSorted(), audience: [...new Set(audience)].toSorted() }
}

/** How a login is called in messages and file names: `service`, or `service_handle`. */
export function labelOf({ service, handle }: Required<FamilyName>): string {
  return handle === '' ? service : `${service}_${handle}`
}

/** Whether a token is there and lives for so many seconds more. */
export function livesFor({ token, issuedAt, expiresAt }: HeldToken, seconds: number, now: number): boolean {
  // A token from the future was had under another clock: when it expires is not known any more.
  return token !== undefined && issuedAt <= now + 60 && expiresAt - now >= seconds
}
