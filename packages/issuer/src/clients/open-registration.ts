import { ConfigError, type Clock } from '@scitokens/core'
import { Attempts } from '../limits/attempts.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Client } from './client.ts'
import { type ClientDefaults, readClient } from './read-client.ts'
import type { RegisteredClient, RegistrationOptions } from './registration.ts'

/** How clients register themselves, checked. */
export interface Registration {
  /** The options as given. */
  readonly options: RegistrationOptions
  /** Registrations lately, by address. */
  readonly attempts: Attempts
  /** Whether this is an initial access token. */
  accepts(token: string | undefined): boolean
  /** What a stored registration means. Throws `config_error`. */
  read(registered: RegisteredClient): Client
}

const MIN_TOKEN_LENGTH = 16

/** Checks the options of registration. Throws `config_error`. */
export function openRegistration(
  options: RegistrationOptions,
  defaults: ClientDefaults,
  secrets: Secrets,
  clock: Clock,
  at: string,
): Registration {
  for (const token of options.initialAccessTokens ?? []) {
    if (token.length < MIN_TOKEN_LENGTH) {
      throw new ConfigError(
        'config_error',
        `${at}.initialAccessTokens: each must have ${MIN_TOKEN_LENGTH} characters or more`,
      )
    }
  }
  const hashes = (options.initialAccessTokens ?? []).map((token) => secrets.hash('lookup', 'initial-access', token))
  const read = ({ options: client, secretHash, approved }: RegisteredClient): Client => ({
    ...readClient({ ...client, ...approved }, defaults, secrets, 'registered client'),
    secretHashes: secretHash === undefined ? [] : [secretHash],
    selfRegistered: approved === undefined,
  })
  // A mistake in the scopes that registered clients get is found now, not when the first one comes.
  readClient({ clientId: 'check', ...(options.scopes ? { scopes: options.scopes } : {}) }, defaults, secrets, at)
  return {
    options,
    read,
    attempts: new Attempts(options.perAddressPerHour ?? 20, 3600, clock),
    accepts: (token) =>
      token !== undefined && hashes.some((hash) => secrets.matches('lookup', hash, 'initial-access', token)),
  }
}
