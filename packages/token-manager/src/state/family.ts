import { ConfigError, parseScopes, TokenNotAcceptableError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import type { ClientIdentity, Wanted } from '../oauth/oauth-client.ts'

/** Names one login: whose, at which service, and which of several there. */
export interface FamilyName {
  readonly owner: string
  readonly service: string
  /** Default: the empty string. */
  readonly handle?: string
}

/** What a family lives on. */
export type FamilyKind = 'refresh_token' | 'client_credentials' | 'base_token'

/** How an access token for less than everything is had. `auto`: by exchange where the issuer offers it to us, else by refresh. */
export type Narrowing = 'auto' | 'refresh' | 'exchange'

/** One login of one user: everything that descends from one refresh token, client or base token. */
export interface Family extends Required<FamilyName>, ClientIdentity, Wanted {
  readonly id: number
  readonly kind: FamilyKind
  /** The refresh token, or the base token with its key. Never leaves the manager. */
  readonly secret: string | undefined
  readonly narrowing: Narrowing
  /** Why it can no longer be renewed, if so. */
  readonly ended: string | undefined
  readonly failures: number
  /** Seconds since the epoch; before it, nothing is asked of the issuer. */
  readonly nextAttempt: number
}

/** An access token that was had, and when it is to be renewed. */
export interface HeldToken extends Wanted {
  readonly id: number
  readonly familyId: number
  readonly token: string | undefined
  /** Seconds since the epoch, as the next three. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly renewAt: number
  /** Whether it is renewed without being asked for, as jobs live on it. */
  readonly kept: boolean
}

/** A file that a job reads. */
export interface Delivery {
  readonly file: string
  readonly tokenId: number
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly format: DeliveryFormat
}

/** `bare`: the token and a newline, as bearer token discovery reads it; `json`: as HTCondor's credmons write it. */
export type DeliveryFormat = 'bare' | 'json'

// HTCondor's rule, kept everywhere so that a name is a file name: letters, digits, hyphen; the underscore starts the handle.
const SERVICE = /^[A-Za-z0-9-]{1,64}$/
const HANDLE = /^[A-Za-z0-9-]{0,64}$/
// POSIX user names, and the domain that HTCondor may append. No path can be made of it.
const OWNER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,63})?$/

/** Checks a name. Throws `config_error`. */
export function checkFamilyName({ owner, service, handle = '' }: FamilyName): Required<FamilyName> {
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
